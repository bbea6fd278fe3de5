package dev.redoubt.cli;

import dev.redoubt.audit.RayServeFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// Turns a configuration of Ray Serve into one of ours: the file on stdout, what to look at on stderr.
@Command(
        name = "import",
        description = "Turn a Ray Serve configuration into one of ours, and say what has no safe counterpart.")
final class ImportCommand implements Callable<Integer> {
    private final Context context;

    @Parameters(
            paramLabel = "FILE",
            description = "What 'serve build' wrote, such as serve.yaml, or the manifest of a RayService.")
    private @Nullable Path file;

    ImportCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() {
        Path given = Objects.requireNonNull(file);
        if (!Files.isRegularFile(given))
            throw new CommandFailure(ExitCode.NO_INPUT, "no file " + given + ": name one that 'serve build' wrote");
        RayServeFile.Outcome.Read read = switch (RayServeFile.read(given)) {
            case RayServeFile.Outcome.Read all -> all;
            case RayServeFile.Outcome.Unreadable(String reason) ->
                throw new CommandFailure(ExitCode.FAILED, given + ": " + reason);
        };
        RayServeImport.Imported imported = RayServeImport.of(read.configuration());
        if (imported.applications() > 0) context.console().out().print(printable(imported.yaml()));
        read.repeated()
                .forEach(place -> context.console()
                        .err()
                        .println(printable(place)
                                + " is there more than once: the last one is taken, as Ray takes it; check"));
        imported.notes()
                .forEach(note -> context.console().err().println(printable(note).replace('\n', '?')));
        if (imported.applications() > 0) return ExitCode.OK.code();
        throw new CommandFailure(
                ExitCode.FAILED, given + " has no application that can be taken: list some under 'applications'");
    }

    /// Names are a stranger's: none of them moves the cursor.
    private static String printable(String text) {
        return text.replaceAll("[\\p{Cntrl}&&[^\n]]", "?");
    }
}
