package dev.redoubt.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;

/// The model store.
final class ModelsCommand {
    private ModelsCommand() {}

    static CommandLine line(Context context) {
        return new CommandLine(new Overview());
    }

    @Command(name = "models", description = "List, fetch, show, verify and add models.")
    private static final class Overview extends CommandGroup {}
}
