package dev.redoubt.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a running server is doing, and within what limits.
@Command(name = "status", description = "Show what the running server serves, how, and within what limits.")
final class StatusCommand implements Callable<Integer> {
    private static final long MIB = 1 << 20;

    private final Context context;

    @Option(names = "--json", description = "Print everything, as JSON.")
    private boolean json;

    StatusCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        AdminClient admin = new AdminClient(context);
        JsonNode status = admin.get("/admin/v1/status");
        JsonNode applications = admin.get("/admin/v1/applications").path("applications");
        PrintStream out = context.console().out();
        if (json) {
            out.println(((ObjectNode) status).set("applications", applications));
            return ExitCode.OK.code();
        }
        Duration up = Duration.ofSeconds(status.path("uptime_seconds").asLong());
        out.println("redoubt " + text(status, "version") + ", up " + up.toHours() + " h " + up.toMinutesPart()
                + " min, " + (status.path("ready").asBoolean() ? "ready" : "not ready"));
        for (JsonNode model : status.path("models")) print(out, model);
        for (JsonNode application : applications) ApplicationTree.print(out, application);
        for (JsonNode waiver : status.path("waivers"))
            out.println("waiver  " + text(waiver, "rule") + " until " + text(waiver, "expires") + "  ("
                    + text(waiver, "reason") + ")");
        return ExitCode.OK.code();
    }

    private static void print(PrintStream out, JsonNode model) {
        if (model.has("parent")) { // its base's lines tell how it runs
            out.println(
                    "adapter " + text(model, "name") + " of " + text(model, "parent") + "  " + text(model, "digest"));
            return;
        }
        JsonNode kv = model.path("kv");
        String whose = model.has("application") ? "  of " + text(model, "application") : "";
        if (model.has("deployment")) whose += "/" + text(model, "deployment");
        out.println("model   " + text(model, "name") + whose + "  " + text(model, "digest"));
        out.println("kernels " + text(model, "kernels") + ", " + text(model, "threads") + " threads");
        out.println("kv      " + text(kv, "blocks_used") + " of " + text(kv, "blocks") + " blocks used, "
                + kv.path("bytes").asLong() / MIB + " MiB " + text(kv, "format") + ", memory lock "
                + text(kv, "memory_lock") + ", prefix cache " + text(model, "prefix_cache"));
        out.println("load    " + text(model, "requests_running") + " running, " + text(model, "requests_waiting")
                + " waiting, " + text(model, "generation_tokens") + " tokens generated");
    }

    private static String text(JsonNode parent, String name) {
        return parent.path(name).asString();
    }
}
