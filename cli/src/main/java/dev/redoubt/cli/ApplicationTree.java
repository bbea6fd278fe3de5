package dev.redoubt.cli;

import java.io.PrintStream;
import tools.jackson.databind.JsonNode;

/// An application with its deployments and their replicas, for people.
final class ApplicationTree {
    private ApplicationTree() {}

    /// @param application as the admin listener tells it
    static void print(PrintStream out, JsonNode application) {
        out.println("app     " + text(application, "name") + "  " + state(application) + "  version "
                + text(application, "version"));
        for (JsonNode deployment : application.path("deployments")) {
            out.println("  " + text(deployment, "name") + "  " + state(deployment) + ", "
                    + deployment.path("replicas").size() + " of " + text(deployment, "replicas_wanted") + " replicas, "
                    + text(deployment, "ongoing") + " calls running, " + text(deployment, "queued") + " waiting");
            for (JsonNode replica : deployment.path("replicas")) {
                out.println("    " + text(replica, "id") + "  " + state(replica) + ", " + text(replica, "ongoing")
                        + " calls");
                String limits = text(replica, "limits");
                if (!limits.isEmpty()) out.println("      within  " + limits);
            }
        }
    }

    private static String state(JsonNode node) {
        String reason = text(node, "reason");
        return text(node, "state") + (reason.isEmpty() ? "" : " (" + reason + ")");
    }

    private static String text(JsonNode parent, String name) {
        return parent.path(name).asString("");
    }
}
