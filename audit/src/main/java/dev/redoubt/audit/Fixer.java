package dev.redoubt.audit;

import dev.redoubt.audit.facts.FactReader;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.source.FileKind;
import dev.redoubt.audit.source.FileText;
import dev.redoubt.audit.source.SourceText;
import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;

/// Makes the mechanical changes that findings propose. A change is kept only if the changed file, read again,
/// has lost the finding and gained none: what a check proposes is tried, not trusted.
public final class Fixer {
    /// A file and what becomes of it.
    ///
    /// @param shown its path as findings name it
    /// @param count how many findings are gone
    public record Change(Path file, String shown, String before, String after, int count) {
        /// A unified diff, with three lines around each change.
        public String diff() {
            return UnifiedDiff.of(shown, before, after);
        }

        /// Replaces the file at once, with its mode and its line ends.
        ///
        /// @return false if it is not what it was when it was read: nothing is written
        public boolean write() throws IOException {
            Path real = file.toRealPath();
            if (!Files.isRegularFile(real)
                    || !Arrays.equals(Files.readAllBytes(real), before.getBytes(StandardCharsets.UTF_8))) return false;
            Path partial = Files.createTempFile(
                    Objects.requireNonNull(real.getParent()),
                    ".redoubt-",
                    ".tmp",
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try {
                try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.WRITE)) {
                    ByteBuffer bytes = ByteBuffer.wrap(after.getBytes(StandardCharsets.UTF_8));
                    while (bytes.hasRemaining()) channel.write(bytes);
                    Files.getFileAttributeView(partial, PosixFileAttributeView.class)
                            .setPermissions(Files.getPosixFilePermissions(real));
                    channel.force(true);
                }
                DurableFiles.rename(partial, real);
            } finally {
                Files.deleteIfExists(partial);
            }
            return true;
        }
    }

    private final FactReader reader = new FactReader();

    /// @return of each file in which something can be changed, by path
    public List<Change> changes(AuditReport report) throws IOException {
        Map<String, List<Finding>> proposed = new TreeMap<>();
        for (Finding finding : report.findings())
            if (!finding.fix().isEmpty())
                proposed.computeIfAbsent(finding.path(), _ -> new ArrayList<>()).add(finding);
        List<Change> changes = new ArrayList<>();
        for (var one : proposed.entrySet()) change(one.getKey(), one.getValue()).ifPresent(changes::add);
        return changes;
    }

    private Optional<Change> change(String shown, List<Finding> findings) throws IOException {
        Path file = Path.of(shown);
        Optional<FileKind> kind = FileKind.of(String.valueOf(file.getFileName()));
        if (kind.isEmpty() || kind.get() == FileKind.NOTEBOOK) return Optional.empty(); // its text is not the file's
        if (!(FileText.read(file, shown) instanceof FileText.Outcome.Read(SourceText source))
                || !Arrays.equals(Files.readAllBytes(file), source.text().getBytes(StandardCharsets.UTF_8)))
            return Optional.empty(); // bytes that are no text would be lost
        Trial trial = new Trial(file, kind.get(), source);
        String all = trial.with(findings);
        if (trial.holds(all, findings))
            return Optional.of(new Change(file, shown, source.text(), all, findings.size()));
        List<Finding> kept = new ArrayList<>();
        for (Finding finding : findings) {
            List<Finding> more = new ArrayList<>(kept);
            more.add(finding);
            if (trial.holds(trial.with(more), more)) kept = more;
        }
        return kept.isEmpty()
                ? Optional.empty()
                : Optional.of(new Change(file, shown, source.text(), trial.with(kept), kept.size()));
    }

    /// One file, changed in different ways and read again.
    private final class Trial {
        private final Path file;
        private final FileKind kind;
        private final SourceText source;
        private final Optional<Facts> before;

        Trial(Path file, FileKind kind, SourceText source) {
            this.file = file;
            this.kind = kind;
            this.source = source;
            this.before = reader.read(file, kind, source);
        }

        /// The text with the changes of these; of two that overlap the first.
        String with(List<Finding> findings) {
            List<Edit> edits = findings.stream()
                    .flatMap(finding -> finding.fix().stream())
                    .distinct()
                    .sorted(Comparator.comparingInt(Edit::start))
                    .toList();
            StringBuilder text = new StringBuilder();
            int at = 0;
            for (Edit edit : edits) {
                if (edit.start() < at || edit.end() > source.text().length()) continue;
                text.append(source.text(), at, edit.start()).append(edit.text());
                at = edit.end();
            }
            return text.append(source.text().substring(at)).toString();
        }

        boolean holds(String changed, List<Finding> findings) {
            Optional<Facts> after = reader.read(file, kind, new SourceText(source.path(), changed));
            if (before.isEmpty() || after.isEmpty() || unreadable(after.get()) != unreadable(before.get()))
                return false;
            Map<String, Integer> allowed = counts(Audit.judge(before.get(), source.path()));
            for (Finding finding : findings) allowed.merge(finding.check().id(), -1, Integer::sum);
            return counts(Audit.judge(after.get(), source.path())).entrySet().stream()
                    .allMatch(count -> count.getValue() <= allowed.getOrDefault(count.getKey(), 0));
        }
    }

    private static Map<String, Integer> counts(List<Finding> findings) {
        Map<String, Integer> counts = new HashMap<>();
        for (Finding finding : findings) counts.merge(finding.check().id(), 1, Integer::sum);
        return counts;
    }

    /// How much of a program cannot be read.
    private static int unreadable(Facts facts) {
        AtomicInteger count = new AtomicInteger();
        facts.python().ifPresent(python -> {
            for (Statement statement : python.module().program())
                statement.walk(node -> {
                    if (node instanceof Expression.Unreadable) count.incrementAndGet();
                });
        });
        return count.get();
    }
}
