package dev.redoubt.cli;

import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.JsonNode;

/// The prefix cache of a running server.
final class CacheCommand {
    private CacheCommand() {}

    static CommandLine line(Context context) {
        return new CommandLine(new Overview()).addSubcommand(new Clear(context));
    }

    @Command(name = "cache", description = "Clear what a running server has cached.")
    private static final class Overview extends CommandGroup {}

    /// Returns when the blocks are zero (V1.3).
    @Command(name = "clear", description = "Forget and zero the cached prefixes of an application.")
    private static final class Clear implements Callable<Integer> {
        private final Context context;

        @Option(
                names = {"--application", "--tenant"},
                required = true,
                paramLabel = "NAME",
                description = "Whose prefixes.")
        private String application = "";

        Clear(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException {
            JsonNode cleared = new AdminClient(context)
                    .post("/admin/v1/cache/clear", Json.text(Json.object("application", application)));
            long inUse = cleared.path("blocks_in_use").asLong();
            context.console()
                    .out()
                    .println(cleared.path("blocks_zeroed").asLong() + " blocks of " + application + " zeroed"
                            + (inUse == 0 ? "" : ", " + inUse + " in use: zeroed when their requests end"));
            return ExitCode.OK.code();
        }
    }
}
