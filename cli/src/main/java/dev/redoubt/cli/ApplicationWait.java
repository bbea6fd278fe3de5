package dev.redoubt.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Waits until what was told of an application has come about, or has failed.
final class ApplicationWait {
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration LIMIT = Duration.ofMinutes(5);
    private static final Duration TOLD_MAX = Duration.ofSeconds(5); // until the status knows what was told

    private final AdminClient admin;
    private final PrintStream out;

    ApplicationWait(AdminClient admin, PrintStream out) {
        this.admin = admin;
        this.out = out;
    }

    /// As [#untilSettled], of one version: another one may take its place meanwhile.
    boolean untilRuns(String application, long version) throws IOException {
        boolean runs = untilSettled(application);
        long now = find(application).path("version").asLong(0);
        if (now > version)
            out.println("  version " + version + " was not waited for: " + now + " was deployed after it");
        return runs && now == version;
    }

    /// Says how it ended.
    ///
    /// @return whether it runs as it was told to
    boolean untilSettled(String application) throws IOException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            JsonNode status = find(application);
            if (status.path("settled").asBoolean(false) || System.nanoTime() > end) {
                ApplicationTree.print(out, status);
                return status.path("state").asString("").equals("RUNNING");
            }
            sleep();
        }
    }

    /// As [#untilSettled], or until the new replicas of a deployment have not started several times.
    ExitCode untilScaled(String application, String deployment, int replicas) throws IOException {
        long told = System.nanoTime();
        while (true) {
            JsonNode status = find(application);
            JsonNode scaled = deployment(status, deployment);
            Duration since = Duration.ofNanos(System.nanoTime() - told);
            boolean seen = scaled.path("replicas_wanted").asInt(-1) == replicas || since.compareTo(TOLD_MAX) > 0;
            boolean vain = scaled.path("state").asString("").equals("UNHEALTHY")
                    && scaled.path("trigger").asString("").equals("REPLICA_STARTUP_FAILED");
            boolean settled = status.path("settled").asBoolean(false);
            if ((seen && (settled || vain)) || since.compareTo(LIMIT) > 0) {
                ApplicationTree.print(out, status);
                if (vain) return ExitCode.REFUSED;
                return status.path("state").asString("").equals("RUNNING") ? ExitCode.OK : ExitCode.UNAVAILABLE;
            }
            sleep();
        }
    }

    private static JsonNode deployment(JsonNode application, String name) {
        for (JsonNode one : application.path("deployments"))
            if (one.path("name").asString("").equals(name)) return one;
        return JsonMapper.shared().createObjectNode();
    }

    /// Says how it ended.
    ///
    /// @return whether nothing is left of it
    boolean untilGone(String application) throws IOException {
        long end = System.nanoTime() + LIMIT.toNanos();
        while (true) {
            JsonNode status = find(application);
            if (!status.has("state")) {
                out.println("application " + application + " is gone");
                return true;
            }
            if (System.nanoTime() > end) {
                ApplicationTree.print(out, status);
                return false;
            }
            sleep();
        }
    }

    private JsonNode find(String application) throws IOException {
        for (JsonNode one : admin.get("/admin/v1/applications").path("applications"))
            if (one.path("name").asString().equals(application)) return one;
        return JsonMapper.shared().createObjectNode().put("name", application);
    }

    private static void sleep() {
        try {
            Thread.sleep(POLL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
