package dev.redoubt.cli;

import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.KeyStore.KeyRecord;
import dev.redoubt.policy.KeyStore.KeyState;
import dev.redoubt.policy.audit.AuditLog;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// What is done to an application that is there.
final class ApplicationCommands {
    private static final String APPLICATION = "An application of the running server.";

    private ApplicationCommands() {}

    /// Returns when it is written down, or when it is gone; requests in progress end first. Its keys stay, and are
    /// named:
    /// they would open the next application of its name.
    @Command(name = "delete", description = "Drain and remove an application.")
    static final class Delete implements Callable<Integer> {
        private static final int KEYS_MAX = 10; // that are named

        private final Context context;

        @Parameters(paramLabel = "APPLICATION", description = APPLICATION)
        private String application = "";

        @Option(names = "--wait", description = "Return when it is gone, not when it is written down.")
        private boolean wait;

        Delete(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            AdminClient admin = new AdminClient(context);
            admin.post("/admin/v1/applications/delete", Json.text(Json.object("application", application)));
            PrintStream out = context.console().out();
            out.println("application " + application + " is drained and goes");
            keys(out);
            boolean gone = !wait || new ApplicationWait(admin, out).untilGone(application);
            return gone ? ExitCode.OK.code() : ExitCode.UNAVAILABLE.code();
        }

        private void keys(PrintStream out) {
            List<String> active;
            try (AuditLog audit = AuditLog.open(context.home());
                    KeyStore keys = KeyStore.open(context.home(), audit)) {
                active = keys.list().stream()
                        .filter(key -> key.application().equals(application))
                        .filter(key -> key.state(Instant.now()) == KeyState.ACTIVE)
                        .map(KeyRecord::keyId)
                        .toList();
            }
            if (active.isEmpty()) return;
            out.println(
                    "note   keys of application %s that are active: %d; they would open a new application of its name"
                            .formatted(application, active.size()));
            for (String key : active.subList(0, Math.min(KEYS_MAX, active.size())))
                out.println("  " + context.program() + " keys revoke " + key);
            if (active.size() > KEYS_MAX) out.println("  " + context.program() + " keys list shows the others");
        }
    }

    /// Returns when the version before runs.
    @Command(name = "rollback", description = "Go back to the version of an application that was deployed before.")
    static final class Rollback implements Callable<Integer> {
        private final Context context;

        @Parameters(paramLabel = "APPLICATION", description = APPLICATION)
        private String application = "";

        Rollback(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            AdminClient admin = new AdminClient(context);
            admin.post("/admin/v1/applications/rollback", Json.text(Json.object("application", application)));
            boolean runs = new ApplicationWait(admin, context.console().out()).untilSettled(application);
            return runs ? ExitCode.OK.code() : ExitCode.UNAVAILABLE.code();
        }
    }

    /// Returns when there are as many, or none of the new ones starts.
    @Command(name = "scale", description = "Change how many replicas a deployment has.")
    static final class Scale implements Callable<Integer> {
        private final Context context;

        @Parameters(index = "0", paramLabel = "APPLICATION", description = APPLICATION)
        private String application = "";

        @Parameters(index = "1", paramLabel = "DEPLOYMENT", description = "One of its deployments.")
        private String deployment = "";

        @Parameters(index = "2", paramLabel = "N", description = "How many replicas, 0 to 100.")
        private int replicas;

        Scale(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            AdminClient admin = new AdminClient(context);
            admin.post(
                    "/admin/v1/applications/scale",
                    Json.text(Json.object("application", application, "deployment", deployment, "replicas", replicas)));
            return new ApplicationWait(admin, context.console().out())
                    .untilScaled(application, deployment, replicas)
                    .code();
        }
    }
}
