package dev.redoubt.cli;

import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Makes what is needed to try TLS: a certificate authority of this machine's own, and a certificate from it.
@Command(
        name = "dev-cert",
        description = "Make a local certificate authority and a certificate for this machine, to try TLS with.")
final class DevCertCommand implements Callable<Integer> {
    private static final List<String> LOCAL = List.of("localhost", "127.0.0.1", "::1");

    private final Context context;

    @Option(
            names = "--out",
            paramLabel = "FOLDER",
            description = "Where to; an authority that is there is used again. Default: REDOUBT_HOME/tls.")
    private @Nullable Path out;

    @Option(
            names = "--host",
            paramLabel = "NAME",
            description = "A name or address that clients use, beside localhost; may be given again.")
    private List<String> hosts = new ArrayList<>();

    @Option(
            names = "--client",
            paramLabel = "NAME",
            description = "Make a client's certificate instead of the server's.")
    private @Nullable String client;

    DevCertCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        Path folder = (out == null ? context.home().root().resolve("tls") : out).toAbsolutePath();
        String name = client == null ? "server" : client;
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9._-]{0,63}") || name.equals("ca"))
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--client is '" + name + "', allowed are 1 to 64 letters, digits and . _ -, not ca");
        List<String> names = new ArrayList<>(client == null ? LOCAL : List.of());
        if (client == null) names.addAll(hosts);
        DevCertificates authority =
                DevCertificates.open(folder, TimeSource.system().now());
        String fingerprint = authority.issue(name, names);
        var to = context.console().out();
        to.println("authority    " + folder.resolve("ca.crt") + "  (give it to clients: curl --cacert)");
        to.println("certificate  " + folder.resolve(name + ".crt") + "  (" + fingerprint + ", 90 days)");
        to.println("key          " + folder.resolve(name + ".key"));
        if (client == null) {
            to.println("in redoubt.yaml:");
            to.println("  http:");
            to.println("    tls:");
            to.println("      certificate: " + folder.resolve(name + ".crt"));
            to.println("      key: file:" + folder.resolve(name + ".key"));
        } else {
            to.println("in redoubt.yaml, under http.tls:");
            to.println("  client-ca: " + folder.resolve("ca.crt"));
            to.println("  client-certificates:");
            to.println("    - {fingerprint: \"" + fingerprint + "\", application: local}");
        }
        return ExitCode.OK.code();
    }
}
