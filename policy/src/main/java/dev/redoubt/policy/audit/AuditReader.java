package dev.redoubt.policy.audit;

import dev.redoubt.base.Home;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Reads the records of a log in order, and goes on where more have come. Checks nothing: see [AuditVerifier].
/// Has one owner.
public final class AuditReader implements Closeable {
    private final Path folder;
    private long segment; // 0: none was there yet
    private long offset;
    private @Nullable SegmentLines lines;

    private AuditReader(Path folder, long segment) {
        this.folder = folder;
        this.segment = segment;
    }

    /// From the first record on.
    public static AuditReader open(Home home) {
        return new AuditReader(home.audit(), 0);
    }

    /// From the first record of the file on in which the last but `count` one is, at the latest.
    private static AuditReader near(Path folder, int count) throws IOException {
        List<Long> firsts = Segments.list(folder);
        for (long first : firsts.reversed())
            if (firsts.getLast() - first >= count) return new AuditReader(folder, first);
        return new AuditReader(folder, 0);
    }

    /// Passes over all records but the last `count`, which it gives; what comes later is given by [#next].
    public static Tail tail(Home home, int count) throws IOException {
        AuditReader reader = near(home.audit(), count);
        Deque<AuditRecord> last = new ArrayDeque<>();
        for (Optional<AuditRecord> record = reader.next(); record.isPresent(); record = reader.next()) {
            last.addLast(record.get());
            if (last.size() > count) last.removeFirst();
        }
        return new Tail(List.copyOf(last), reader);
    }

    /// The end of a log.
    ///
    /// @param reader of what comes later; to be closed
    public record Tail(List<AuditRecord> records, AuditReader reader) {}

    /// The next record; empty where there is none yet.
    ///
    /// @throws AuditException if a line is no record
    public Optional<AuditRecord> next() throws IOException {
        while (true) {
            Optional<byte[]> line = line();
            if (line.isPresent()) {
                Optional<AuditRecord> record = AuditRecord.parse(line.get());
                if (record.isEmpty())
                    throw AuditException.damaged("a line of " + Segments.file(folder, segment)
                            + " is no record: 'redoubt audit-log verify' names it");
                return record;
            }
            if (!nextSegment()) return Optional.empty();
        }
    }

    private Optional<byte[]> line() throws IOException {
        if (segment == 0) return Optional.empty();
        Path file = Segments.file(folder, segment);
        if (lines == null) lines = new SegmentLines(file, offset, Files.size(file));
        Optional<byte[]> line = lines.next();
        offset = lines.offset();
        if (line.isEmpty()) close(); // the next call sees what has come
        return line;
    }

    private boolean nextSegment() throws IOException {
        Optional<Long> later =
                Segments.list(folder).stream().filter(first -> first > segment).findFirst();
        if (later.isEmpty()) return false;
        segment = later.get();
        offset = 0;
        return true;
    }

    @Override
    public void close() throws IOException {
        if (lines != null) lines.close();
        lines = null;
    }
}
