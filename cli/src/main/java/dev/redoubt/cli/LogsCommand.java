package dev.redoubt.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.JsonNode;

/// What has happened to an application since the server started, as far as it remembers.
@Command(
        name = "logs",
        description = "Show what an application went through: states, replicas and calls that failed; no content.")
final class LogsCommand implements Callable<Integer> {
    private static final Duration POLL = Duration.ofMillis(500);
    private static final Pattern PLACE = Pattern.compile("([a-z0-9-]{1,63})(?:/([A-Za-z0-9_-]{1,63}))?");

    private final Context context;

    @Parameters(
            paramLabel = "APPLICATION[/DEPLOYMENT]",
            description = "An application of the running server, or one deployment of it.")
    private String place = "";

    @Option(
            names = {"-f", "--follow"},
            description = "Go on until it is interrupted.")
    private boolean follow;

    LogsCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        var named = PLACE.matcher(place);
        if (!named.matches())
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "'" + place + "' names no application: write APPLICATION or APPLICATION/DEPLOYMENT");
        AdminClient admin = new AdminClient(context);
        String deployment = named.group(2) == null ? "" : named.group(2);
        if (!deployment.isEmpty()) require(admin, named.group(1), deployment);
        long seen = 0;
        while (true) {
            JsonNode entries = entries(admin, named.group(1));
            if (entries.isEmpty() && !follow)
                throw new CommandFailure(
                        ExitCode.UNAVAILABLE,
                        "nothing is known of application '" + named.group(1) + "': " + context.program()
                                + " status lists those that are deployed");
            for (JsonNode entry : entries) {
                long number = entry.path("number").asLong();
                if (number > seen) print(context.console().out(), entry, deployment);
                seen = Math.max(seen, number);
            }
            if (!follow || context.console().out().checkError()) return ExitCode.OK.code();
            Thread.sleep(POLL);
        }
    }

    private static JsonNode entries(AdminClient admin, String application) throws IOException {
        return admin.get("/admin/v1/applications/" + application + "/logs").path("entries");
    }

    /// One that is there now, or of which something is told still.
    ///
    /// @throws Refusal if there is none of that name
    private static void require(AdminClient admin, String application, String deployment) throws IOException {
        Set<String> known = new TreeSet<>();
        for (JsonNode entry : entries(admin, application))
            known.add(entry.path("deployment").asString(""));
        for (JsonNode one : admin.get("/admin/v1/applications").path("applications"))
            if (one.path("name").asString("").equals(application))
                for (JsonNode own : one.path("deployments"))
                    known.add(own.path("name").asString(""));
        known.remove(""); // the whole application
        if (!known.contains(deployment))
            throw new Refusal(List.of(
                    "application '%s' has no deployment '%s': it has %s".formatted(application, deployment, known)));
    }

    /// A change of the whole application concerns each deployment.
    private static void print(PrintStream out, JsonNode entry, String deployment) {
        String own = entry.path("deployment").asString("");
        if (!deployment.isEmpty() && !own.isEmpty() && !own.equals(deployment)) return;
        String subject = entry.path("subject").asString("");
        out.println(entry.path("at").asString("") + "  " + (own.isEmpty() ? "-" : own)
                + (subject.isEmpty() ? "" : "  " + subject) + "  "
                + entry.path("text").asString(""));
    }
}
