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
import dev.redoubt.audit.source.FileText;
import dev.redoubt.audit.source.SourceText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/// Reads projects and asks every check about every file.
public final class Audit {
    /* Files are independent, so each thread takes the next one; nothing is shared but the counter. A file's program is dropped
     * before the next is read: memory is bounded by the largest file, not by the project. */
    private final Level level;
    private final Set<String> known;

    /// @param level findings below it are counted, and left out
    /// @param known fingerprints of findings that are left out, see [Baseline]
    public Audit(Level level, Set<String> known) {
        this.level = level;
        this.known = Set.copyOf(known);
    }

    /// All that is checked, by id.
    public static List<CheckInfo> checks() {
        return Checks.all().stream()
                .map(Check::info)
                .sorted(Comparator.comparing(CheckInfo::id))
                .toList();
    }

    /// What all checks say of one file.
    static List<Finding> judge(Facts facts) {
        Findings found = new Findings(facts.source());
        for (Check check : Checks.all()) check.look(facts, found);
        return found.all();
    }

    public AuditReport run(List<Path> named) throws InterruptedException {
        FileFinder finder = new FileFinder();
        named.forEach(finder::add);
        List<Found> files = finder.found();
        AtomicInteger next = new AtomicInteger();
        List<Worker> workers = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        int count = Math.clamp(files.size() / 8, 1, Runtime.getRuntime().availableProcessors());
        for (int i = 0; i < count; i++) {
            Worker worker = new Worker();
            workers.add(worker);
            threads.add(Thread.ofPlatform().name("audit-" + i).daemon().start(() -> worker.work(files, next)));
        }
        for (Thread thread : threads) thread.join();
        return merged(finder, workers);
    }

    private static AuditReport merged(FileFinder finder, List<Worker> workers) {
        List<Finding> findings = new ArrayList<>();
        List<Remark> remarks = new ArrayList<>();
        List<Skipped> skipped = new ArrayList<>(finder.skipped());
        List<Skipped> unreadable = new ArrayList<>(finder.unreadable());
        int[] counts = new int[4];
        long lines = 0;
        for (Worker worker : workers) {
            findings.addAll(worker.findings);
            remarks.addAll(worker.remarks);
            skipped.addAll(worker.skipped);
            unreadable.addAll(worker.unreadable);
            lines += worker.lines;
            counts[0] += worker.allowed;
            counts[1] += worker.known;
            counts[2] += worker.below;
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

    /// What one thread has read.
    private final class Worker {
        private final FactReader reader = new FactReader();
        private final List<Finding> findings = new ArrayList<>();
        private final List<Remark> remarks = new ArrayList<>();
        private final List<Skipped> skipped = new ArrayList<>();
        private final List<Skipped> unreadable = new ArrayList<>();
        private int filesRead;
        private long lines;
        private int allowed;
        private int known;
        private int below;

        void work(List<Found> files, AtomicInteger next) {
            for (int i = next.getAndIncrement(); i < files.size(); i = next.getAndIncrement()) {
                Found file = files.get(i);
                try {
                    read(file);
                } catch (RuntimeException | StackOverflowError e) { // a fault of ours must not hide the other files
                    unreadable.add(new Skipped(file.shown(), "cannot be understood: an error of ours"));
                }
            }
        }

        private void read(Found file) {
            switch (FileText.read(file.file(), file.shown())) {
                case FileText.Outcome.Skipped(String reason) -> skipped.add(new Skipped(file.shown(), reason));
                case FileText.Outcome.Failed(String reason) -> unreadable.add(new Skipped(file.shown(), reason));
                case FileText.Outcome.Read(SourceText source) -> {
                    Optional<Facts> facts = reader.read(file.file(), file.kind(), source);
                    if (facts.isEmpty()) {
                        skipped.add(new Skipped(file.shown(), "is not what its name says, or nested beyond a bound"));
                        return;
                    }
                    filesRead++;
                    lines += source.lines();
                    judge(facts.get());
                }
            }
        }

        private void judge(Facts facts) {
            Allowances allowances = Allowances.of(facts.source());
            for (Finding finding : Audit.judge(facts)) {
                if (allowances.allows(finding)) allowed++;
                else if (Audit.this.known.contains(finding.fingerprint())) known++;
                else if (finding.level().compareTo(level) > 0) below++;
                else findings.add(finding);
            }
            remarks.addAll(allowances.remarks());
        }
    }
}
