package dev.redoubt.cli;

import dev.redoubt.serve.control.SpecJson;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// Tells the running server which applications are wanted; it writes them down and brings them about.
@Command(name = "deploy", description = "Deploy the applications of a file to the running server, or update them.")
final class DeployCommand implements Callable<Integer> {
    private final Context context;

    @Option(
            names = {"-f", "--file"},
            required = true,
            paramLabel = "FILE",
            description = "Whose 'applications:' are deployed (docs/SETTINGS.md).")
    private @Nullable Path file;

    @Option(names = "--dry-run", description = "Print what would change, and what would be refused; change nothing.")
    private boolean dryRun;

    @Option(names = "--no-wait", description = "Return when it is written down, not when it runs.")
    private boolean noWait;

    DeployCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        List<ApplicationSpec> specs = ApplicationsFile.read(Objects.requireNonNull(file));
        AdminClient admin = new AdminClient(context);
        PrintStream out = context.console().out();
        List<String> refused = new ArrayList<>();
        for (ApplicationSpec spec : specs) {
            JsonNode plan = admin.post("/admin/v1/applications/plan", SpecJson.write(spec));
            for (JsonNode change : plan.path("changes")) out.println(spec.name() + ": " + change.asString());
            if (plan.path("changes").isEmpty() && plan.path("problems").isEmpty())
                out.println(spec.name() + ": nothing changes");
            for (JsonNode problem : plan.path("problems")) refused.add(spec.name() + ": " + problem.asString());
        }
        if (!refused.isEmpty()) throw new Refusal(refused);
        if (dryRun) return ExitCode.OK.code();
        Map<String, Long> versions = deploy(admin, specs);
        if (noWait) return ExitCode.OK.code();
        ApplicationWait wait = new ApplicationWait(admin, out);
        boolean all = true;
        for (ApplicationSpec spec : specs) all &= wait.untilRuns(spec.name(), versions.getOrDefault(spec.name(), 0L));
        return all ? ExitCode.OK.code() : ExitCode.UNAVAILABLE.code();
    }

    /// Each of them fits what runs; whether all do is seen with the last.
    ///
    /// @throws Refusal saying what was deployed before
    private static Map<String, Long> deploy(AdminClient admin, List<ApplicationSpec> specs) throws IOException {
        Map<String, Long> versions = new LinkedHashMap<>();
        for (ApplicationSpec spec : specs) {
            try {
                JsonNode reply = admin.post("/admin/v1/applications/deploy", SpecJson.write(spec));
                versions.put(spec.name(), reply.path("version").asLong(0));
            } catch (Refusal refusal) {
                List<String> lines = new ArrayList<>();
                for (String line : refusal.lines()) lines.add(spec.name() + ": " + line);
                if (!versions.isEmpty())
                    lines.add("deployed before that, and still: " + String.join(", ", versions.keySet()));
                throw new Refusal(lines);
            }
        }
        return versions;
    }
}
