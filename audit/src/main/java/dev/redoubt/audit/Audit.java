package dev.redoubt.audit;

import dev.redoubt.audit.AuditReport.Remark;
import dev.redoubt.audit.check.Check;
import dev.redoubt.audit.check.Checks;
import dev.redoubt.audit.check.Findings;
import dev.redoubt.audit.facts.FactReader;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.source.Coverage;
import dev.redoubt.audit.source.Coverage.Skipped;
import dev.redoubt.audit.source.FileFinder;
import dev.redoubt.audit.source.FileFinder.Found;
import dev.redoubt.audit.source.FileKind;
import dev.redoubt.audit.source.FileText;
import dev.redoubt.audit.source.SourceText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Reads projects and asks every check about every file.
public final class Audit {
    /* Files are independent, so each thread takes the next one; nothing is shared but the counter. A file's program is dropped
     * before the next is read: memory is bounded by the largest file, not by the project. */
    /* A file that is swapped for a pipe between listing and opening blocks whoever opens it, and nothing that Java offers opens
     * it otherwise. So a file has a time, far more than any needs: then its thread is left behind with it, and another one goes
     * on with the next. */
    private static final Duration FILE_TIME_MAX = Duration.ofSeconds(60);

    private final Level level;
    private final Set<String> known;
    private final Duration fileTimeMax;

    /// @param level findings below it are counted, and left out
    /// @param known fingerprints of findings that are left out, see [Baseline]
    public Audit(Level level, Set<String> known) {
        this(level, known, FILE_TIME_MAX);
    }

    Audit(Level level, Set<String> known, Duration fileTimeMax) {
        this.level = level;
        this.known = Set.copyOf(known);
        this.fileTimeMax = fileTimeMax;
    }

    /// All that is checked, by id.
    public static List<CheckInfo> checks() {
        return Checks.all().stream()
                .map(Check::info)
                .sorted(Comparator.comparing(CheckInfo::id))
                .toList();
    }

    /// What all checks say of one file.
    ///
    /// @param inside its path from the folder that is audited on
    static List<Finding> judge(Facts facts, String inside) {
        Findings found = new Findings(facts.source(), inside);
        for (Check check : Checks.all()) check.look(facts, found);
        return found.all();
    }

    public AuditReport run(List<Path> named) throws InterruptedException {
        FileFinder finder = new FileFinder();
        named.forEach(finder::add);
        List<Worker> workers = work(finder.found());
        Set<Path> files = named.stream()
                .filter(Files::isRegularFile)
                .map(Audit::absolute)
                .collect(Collectors.toUnmodifiableSet());
        return merged(finder, workers, files, new Study(named));
    }

    private static Path absolute(Path file) {
        return file.toAbsolutePath().normalize();
    }

    private List<Worker> work(List<Found> files) throws InterruptedException {
        AtomicInteger next = new AtomicInteger();
        List<Worker> all = new ArrayList<>();
        Deque<Worker> running = new ArrayDeque<>();
        int count = Math.clamp(files.size() / 8, 1, Runtime.getRuntime().availableProcessors());
        for (int i = 0; i < count; i++) running.add(new Worker(files, next));
        while (!running.isEmpty()) {
            Worker worker = running.remove();
            if (worker.thread.join(WAIT)) all.add(worker);
            else if (!worker.abandon()) running.add(worker);
            else {
                all.add(worker);
                running.add(new Worker(files, next));
            }
        }
        return all;
    }

    private static final Duration WAIT = Duration.ofMillis(100);

    private AuditReport merged(FileFinder finder, List<Worker> workers, Set<Path> named, Study study) {
        Reach reach = new Reach(
                workers.stream()
                        .flatMap(worker -> worker.judged.stream())
                        .flatMap(each -> each.program.stream())
                        .toList(),
                workers.stream().anyMatch(worker -> worker.served),
                named);
        Elsewhere elsewhere = new Elsewhere(
                workers.stream()
                        .flatMap(worker -> worker.judged.stream())
                        .map(Judged::part)
                        .toList(),
                reach);
        Words words = new Words();
        workers.forEach(worker -> words.add(worker.words));
        List<Finding> findings = new ArrayList<>();
        List<Remark> remarks = new ArrayList<>();
        List<Skipped> skipped = new ArrayList<>(finder.skipped());
        List<Skipped> unreadable = new ArrayList<>(finder.unreadable());
        int[] counts = new int[4];
        long lines = 0;
        for (Worker worker : workers) {
            for (Judged each : worker.judged) {
                for (Finding found : each.findings) {
                    Path file = each.file.file();
                    Finding reached = study.judged(reach.judged(found, file), file);
                    Finding called =
                            named.contains(absolute(file)) ? reached : Uncalled.judged(reached, each.functions, words);
                    Finding finding = elsewhere.judged(called, each.part);
                    if (known.contains(finding.fingerprint())) counts[1]++;
                    else if (finding.level().compareTo(level) > 0) counts[2]++;
                    else findings.add(finding);
                }
            }
            remarks.addAll(worker.remarks);
            skipped.addAll(worker.skipped);
            unreadable.addAll(worker.unreadable);
            lines += worker.lines;
            counts[0] += worker.allowed;
            counts[3] += worker.filesRead;
        }
        findings.sort(Comparator.comparing(Finding::path)
                .thenComparingInt(finding -> finding.span().line())
                .thenComparingInt(finding -> finding.span().column())
                .thenComparing(finding -> finding.check().id()));
        remarks.sort(Comparator.comparing(Remark::path).thenComparingInt(Remark::line));
        Comparator<Skipped> byPath = Comparator.comparing(Skipped::path);
        skipped.sort(byPath);
        unreadable.sort(byPath);
        return new AuditReport(
                findings,
                remarks,
                counts[0],
                counts[1],
                counts[2],
                new Coverage(counts[3], lines, skipped, unreadable));
    }

    /// What was found in one file, but for what is allowed there.
    private record Judged(
            Found file, Optional<Program> program, Part part, List<Uncalled> functions, List<Finding> findings) {}

    /// What one thread has read.
    private final class Worker {
        private final FactReader reader = new FactReader();
        private final Words words = new Words();
        private final List<Judged> judged = new ArrayList<>();
        private final List<Remark> remarks = new ArrayList<>();
        private final List<Skipped> skipped = new ArrayList<>();
        private final List<Skipped> unreadable = new ArrayList<>();
        private final AtomicReference<@Nullable Begun> begun = new AtomicReference<>();
        private final Thread thread;
        private int filesRead;
        private long lines;
        private int allowed;
        private boolean served; // by a file that is no program

        /// A file that is being read; whoever takes it away may write down what became of it.
        private record Begun(Found file, long at) {}

        Worker(List<Found> files, AtomicInteger next) {
            thread = Thread.ofPlatform().name("audit").daemon().start(() -> work(files, next));
        }

        private void work(List<Found> files, AtomicInteger next) {
            for (int i = next.getAndIncrement(); i < files.size(); i = next.getAndIncrement()) {
                Begun file = new Begun(files.get(i), System.nanoTime());
                begun.set(file);
                Runnable outcome = read(file.file);
                if (!begun.compareAndSet(file, null)) return; // too late: another thread has gone on
                outcome.run();
            }
        }

        /// @return whether the thread was left behind, since its file takes too long
        boolean abandon() {
            Begun file = begun.get();
            if (file == null || System.nanoTime() - file.at < fileTimeMax.toNanos() || !begun.compareAndSet(file, null))
                return false;
            unreadable.add(new Skipped(
                    file.file.shown(), "not read within " + fileTimeMax.toSeconds() + " s: a pipe, or a slow disk"));
            return true;
        }

        /// @return what is to be written down
        private Runnable read(Found file) {
            try {
                return switch (text(file)) {
                    case FileText.Outcome.Skipped(String reason) ->
                        () -> skipped.add(new Skipped(file.shown(), reason));
                    case FileText.Outcome.Failed(String reason) ->
                        () -> unreadable.add(new Skipped(file.shown(), reason));
                    case FileText.Outcome.Read(SourceText source) -> read(file, source);
                };
            } catch (RuntimeException | StackOverflowError e) { // a fault of ours must not hide the other files
                return () -> unreadable.add(new Skipped(file.shown(), "cannot be understood: an error of ours"));
            }
        }

        private static FileText.Outcome text(Found file) {
            int bytesMax = file.kind() == FileKind.NOTEBOOK ? FileText.MACHINE_WRITTEN_BYTES_MAX : FileText.BYTES_MAX;
            return FileText.read(file.file(), file.shown(), bytesMax);
        }

        private Runnable read(Found file, SourceText source) {
            Optional<Facts> facts = reader.read(file.file(), file.kind(), source);
            if (facts.isEmpty())
                return () ->
                        skipped.add(new Skipped(file.shown(), "is not what its name says, or nested beyond a bound"));
            List<Finding> found = judge(facts.get(), file.inside());
            return () -> {
                filesRead++;
                lines += source.lines();
                keep(file, facts.get(), found);
            };
        }

        private void keep(Found file, Facts facts, List<Finding> found) {
            Allowances allowances = Allowances.of(facts.source());
            List<Finding> kept = found.stream()
                    .filter(finding -> !allowances.allows(finding))
                    .toList();
            allowed += found.size() - kept.size();
            words.add(facts.source().text());
            Optional<Program> program = Program.of(file, facts);
            judged.add(new Judged(
                    file,
                    program,
                    Part.of(file, facts),
                    kept.isEmpty() ? List.of() : Uncalled.of(file.kind(), facts),
                    kept));
            served |= program.isEmpty() && Program.serves(facts);
            remarks.addAll(allowances.remarks());
        }
    }
}
