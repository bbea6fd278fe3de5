package dev.redoubt.cli;

import dev.redoubt.audit.Audit;
import dev.redoubt.audit.AuditReport;
import dev.redoubt.audit.Baseline;
import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Fixer;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.report.Format;
import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Finds in other people's vLLM and Ray Serve projects what breaks a rule: findings on stdout, what was read on
/// stderr.
@Command(
        name = "audit",
        description = {
            "Find in a vLLM or Ray Serve project what breaks a rule. Nothing of it is run.",
            "Exit code 0: nothing found, 1: findings, 2: something could not be read."
        })
final class AuditCommand implements Callable<Integer> {
    private final Context context;

    @Parameters(paramLabel = "PATH", arity = "0..*", description = "Files and folders; this folder if none is named.")
    private @Nullable List<Path> paths;

    @Option(
            names = {"--format", "--report"},
            defaultValue = "text",
            paramLabel = "FORMAT",
            description = "text, json, sarif, github, junit or html; text where nothing is said.")
    private Format format = Format.TEXT;

    @Option(
            names = "--level",
            defaultValue = "warning",
            paramLabel = "LEVEL",
            description = "error, warning or note: report from here on; warning where nothing is said.")
    private Level level = Level.WARNING;

    @Option(names = "--baseline", paramLabel = "FILE", description = "Report only what is not in this file.")
    private @Nullable Path baseline;

    @Option(names = "--write-baseline", paramLabel = "FILE", description = "Write what is found into this file.")
    private @Nullable Path written;

    @Option(
            names = "--explain",
            paramLabel = "ID",
            description = "Explain a check, such as R1.2/public-bind, or all of a rule.")
    private @Nullable String explained;

    @Option(names = "--fix", description = "Show a diff of what can be changed by itself, instead of the findings.")
    private boolean fix;

    @Option(names = "--write", description = "With --fix: change the files, then report what is left.")
    private boolean change;

    AuditCommand(Context context) {
        this.context = context;
    }

    /// Formats and levels are written in lower case.
    static CommandLine line(Context context) {
        return new CommandLine(new AuditCommand(context)).setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        if (explained != null) return explain(explained);
        if (change && !fix) throw new CommandFailure(ExitCode.USAGE, "--write says what --fix does: give both");
        List<Path> named = Objects.requireNonNullElse(paths, List.of(Path.of("")));
        Audit audit = new Audit(level, known());
        AuditReport report = audit.run(named);
        if (fix) {
            List<Fixer.Change> changes = new Fixer().changes(report);
            if (change) {
                write(changes);
                report = audit.run(named);
            } else show(changes);
        }
        if (!fix || change) {
            boolean colours = context.console().interactive() && System.getenv("NO_COLOR") == null;
            context.console().out().print(format.write(report, colours));
        }
        context.console().out().flush();
        if (written != null)
            DurableFiles.replace(written, Baseline.write(report.findings()).getBytes(StandardCharsets.UTF_8));
        if (!report.whole()) return ExitCode.UNREADABLE.code();
        return (report.clean() ? ExitCode.OK : ExitCode.FAILED).code();
    }

    /// On a terminal nothing of a stranger's file steers it; elsewhere the diff is for `patch`, byte for byte.
    private void show(List<Fixer.Change> changes) {
        boolean terminal = context.console().interactive();
        for (Fixer.Change one : changes)
            context.console()
                    .out()
                    .print(terminal ? one.diff().replaceAll("[\\p{Cntrl}\\p{Cf}&&[^\n\t]]", "\uFFFD") : one.diff());
        if (changes.isEmpty()) context.console().note("nothing can be changed by itself");
        else context.console().note(count(changes) + " findings can be changed by themselves: add --write");
    }

    private void write(List<Fixer.Change> changes) throws IOException {
        int written = 0;
        for (Fixer.Change one : changes) {
            if (one.write()) written += one.count();
            else context.console().note(one.shown() + " was changed meanwhile and is left as it is");
        }
        context.console().note(written + " findings changed");
    }

    private static int count(List<Fixer.Change> changes) {
        return changes.stream().mapToInt(Fixer.Change::count).sum();
    }

    private Set<String> known() throws IOException {
        if (baseline == null) return Set.of();
        if (!Files.isRegularFile(baseline))
            throw new CommandFailure(
                    ExitCode.NO_INPUT, "no baseline " + baseline + ": write one with --write-baseline");
        return Baseline.read(baseline)
                .orElseThrow(() -> new CommandFailure(
                        ExitCode.NO_INPUT, baseline + " is no baseline: write one with --write-baseline"));
    }

    private int explain(String id) {
        List<CheckInfo> found = Audit.checks().stream()
                .filter(check ->
                        check.id().equals(id) || check.requirement().id().equals(id))
                .toList();
        if (found.isEmpty())
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "no check is called " + id + ": there are "
                            + String.join(
                                    ", ",
                                    Audit.checks().stream().map(CheckInfo::id).toList()));
        for (CheckInfo check : found) {
            context.console().out().println(check.id() + " (" + check.level().word() + "): " + check.title());
            context.console()
                    .out()
                    .println("  rule        " + check.requirement().id() + ", "
                            + check.requirement().title());
            context.console().out().println("  why         " + check.explanation());
            context.console().out().println("  instead     " + check.remedy());
            context.console().out().println("  versions    " + check.versions());
            context.console().out().println("  references  " + String.join(", ", check.references()));
        }
        return ExitCode.OK.code();
    }
}
