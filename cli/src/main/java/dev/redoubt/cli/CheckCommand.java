package dev.redoubt.cli;

import dev.redoubt.base.TimeSource;
import dev.redoubt.gateway.HttpEdge;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.KeyStore.KeyRecord;
import dev.redoubt.policy.audit.AuditLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// Says whether a configuration file would start, and its applications would be deployed; starts nothing.
@Command(
        name = "check",
        description =
                "Check a configuration file against the rules, without starting anything. Exit code 78: it would be refused.")
final class CheckCommand implements Callable<Integer> {
    private final Context context;

    @Option(
            names = {"-f", "--file"},
            required = true,
            paramLabel = "FILE",
            description = "The configuration, such as redoubt.yaml.")
    private @Nullable Path file;

    CheckCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        Path given = java.util.Objects.requireNonNull(file);
        ServerConfig config = ServerConfigReader.read(given, LocalDate.now(ZoneOffset.UTC));
        config.edge().tls().ifPresent(tls -> HttpEdge.checkTls(tls, TimeSource.system()));
        StateFiles.check(context.home());
        List<String> notes = ApplicationCheck.check(context, config);
        StartLines.waivers(config.waivers()).forEach(context.console().out()::println);
        for (String note : notes) context.console().out().println("note   " + note);
        new CallerKeys(keys(), config, context)
                .notes()
                .forEach(context.console().out()::println);
        context.console()
                .out()
                .println(given + " is good: " + StartLines.served(config) + ", "
                        + config.edge().host() + ":" + config.edge().port()
                        + (config.edge().tls().isPresent() ? " with TLS" : ""));
        return ExitCode.OK.code();
    }

    /// Where none was ever made, none is: a check makes no files.
    private List<KeyRecord> keys() {
        if (Files.notExists(context.home().database())) return List.of();
        try (AuditLog audit = AuditLog.open(context.home());
                KeyStore keys = KeyStore.open(context.home(), audit)) {
            return keys.list();
        }
    }
}
