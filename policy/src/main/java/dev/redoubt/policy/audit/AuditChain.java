package dev.redoubt.policy.audit;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.TimeSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The chain of records on disk, as one writer sees it. Has one owner: the log's writer thread.
final class AuditChain {
    /* Layout of REDOUBT_HOME/audit, files mode 0600:
     *   000000000000000001.jsonl   records, a line each; named by the first one's sequence number
     *   head                       the newest signature, see SignedHead
     *   torn-000000000000000017    what a writer left that died within record 17
     *   lock                       who may append, see AuditFolder
     *
     * An append, under the lock: read what others have appended since the last time, checking each link; write the lines; flush. It is
     * acknowledged after the flush, so a line that is not whole was never acknowledged: it is set aside, the next record says so, and
     * the chain goes on.
     *
     * Where the place in the chain is not known (at the start, and after any failure) it is that of the signed head, from which
     * everything up to the end is checked. So nothing is appended to, and above all nothing is signed over, a log that was cut off or
     * changed behind its head: it would make the damage look whole. */
    static final long SEGMENT_BYTES_MAX = 16L << 20;
    static final int HEAD_RECORDS_MAX = 1000;
    static final Duration HEAD_INTERVAL = Duration.ofSeconds(60);
    private static final long TORN_BYTES_MAX = 1 << 20;

    private final AuditFolder folder;
    private final TimeSource time;
    private final long segmentBytesMax;
    private @Nullable Position known; // null: not known, or not any more
    private long signedSequence;
    private long unsignedSinceNanos;

    /// What becomes a record.
    ///
    /// @param count how many events it stands for
    record Item(AuditEvent event, Instant time, long count) {}

    AuditChain(AuditFolder folder, TimeSource time, long segmentBytesMax) {
        this.folder = folder;
        this.time = time;
        this.segmentBytesMax = segmentBytesMax;
    }

    /// Appends records; they are durable when this returns.
    ///
    /// @throws AuditException if the log was changed
    /// @throws IOException if the disk does not take them; then none of them counts
    void append(List<Item> items) throws IOException {
        exclusively(at -> {
            Position after = write(at, items);
            if (at.sequence() <= signedSequence) unsignedSinceNanos = time.nanos();
            return after;
        });
    }

    /// Whether so much is unsigned, or for so long, that the head is to be signed.
    boolean isHeadDue() {
        if (!isUnsigned()) return false;
        return Objects.requireNonNull(known).sequence() - signedSequence >= HEAD_RECORDS_MAX
                || time.nanos() - unsignedSinceNanos >= HEAD_INTERVAL.toNanos();
    }

    boolean isUnsigned() {
        return known != null && known.sequence() > signedSequence;
    }

    /// Signs what is there, by whoever it was appended.
    ///
    /// @throws AuditException if the log was changed
    void signHead() throws IOException {
        exclusively(at -> {
            sign(at);
            return at;
        });
    }

    /// From the end of the chain to its new end.
    private interface Change {
        Position from(Position at) throws IOException;
    }

    private void exclusively(Change change) throws IOException {
        Position before = known;
        known = null; // whatever fails now, the place is not known any more
        known = folder.exclusively(() -> change.from(toldOfTorn(before == null ? open() : follow(before))));
    }

    /// Finds the end from the signed head on, and begins the log where there is none.
    private Position open() throws IOException {
        Optional<SignedHead> head = SignedHead.read(folder.path());
        Position from = Position.BEGINNING;
        if (head.isPresent()) {
            from = head.get().at();
            if (!head.get().verifies(AuditKey.openOrCreate(folder.key()).publicKey()))
                throw damaged("its head is not signed by the key " + folder.key());
            requireRecordAt(from);
        }
        signedSequence = from.sequence();
        unsignedSinceNanos = time.nanos();
        Position end = follow(from);
        if (head.isPresent()) return end;
        if (end.sequence() > 1) throw damaged("it has records and no signed head");
        if (end.sequence() == 0) end = begin(end);
        sign(end);
        return end;
    }

    /// The first record alone, and signed before there is a second: a log of more than one record without a
    /// head was changed.
    private Position begin(Position at) throws IOException {
        String key = AuditKey.fingerprint(AuditKey.openOrCreate(folder.key()).publicKey());
        AuditEvent begun = AuditEvent.of(AuditKind.LOG_BEGUN, AuditEvent.SERVER, "", key);
        return write(at, List.of(new Item(begun.with("done"), time.now(), 1)));
    }

    private void sign(Position at) throws IOException {
        SignedHead.sign(at, time.now(), AuditKey.openOrCreate(folder.key())).write(folder.path());
        signedSequence = at.sequence();
    }

    /// The record that ends there must be the one that was signed.
    private void requireRecordAt(Position at) throws IOException {
        Path file = Segments.file(folder.path(), at.segment());
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) throw damaged(file + " is missing");
        if (Files.size(file) < at.offset()) throw damaged(file + " was cut off before record " + at.sequence());
        long from = Math.max(0, at.offset() - Link.LINE_BYTES_MAX - 2);
        Optional<byte[]> last = Optional.empty();
        try (SegmentLines lines = new SegmentLines(file, from, at.offset())) {
            for (Optional<byte[]> line = lines.next(); line.isPresent(); line = lines.next()) last = line;
            if (lines.offset() != at.offset()) last = Optional.empty();
        }
        boolean signed = last.flatMap(Link::of)
                .filter(link -> link.intact() && link.hash().equals(at.hash()))
                .isPresent();
        if (!signed) throw damaged("record " + at.sequence() + " in " + file + " is not the one that was signed");
    }

    /// What was appended behind `from`, in this file and in later ones. Half a line at the end is set aside.
    private Position follow(Position from) throws IOException {
        List<Long> firsts = Segments.list(folder.path());
        Position at = from;
        while (true) {
            Path file = Segments.file(folder.path(), at.segment());
            if (!firsts.contains(at.segment())) {
                if (at.sequence() == 0 && firsts.isEmpty()) return at;
                throw damaged(file + " is missing");
            }
            at = readOn(file, at);
            long segment = at.segment();
            Optional<Long> later =
                    firsts.stream().filter(first -> first > segment).findFirst();
            if (later.isEmpty()) {
                setAside(file, at);
                return at;
            }
            if (later.get() != at.sequence() + 1 || Files.size(file) != at.offset())
                throw damaged(file + " does not end where the next one begins");
            at = at.nextSegment();
        }
    }

    private Position readOn(Path file, Position from) throws IOException {
        long size = Files.size(file);
        if (size < from.offset()) throw damaged(file + " was cut off behind record " + from.sequence());
        Position at = from;
        if (size == from.offset()) return at; // as it is nearly always
        try (SegmentLines lines = new SegmentLines(file, from.offset(), size)) {
            for (Optional<byte[]> line = lines.next(); line.isPresent(); line = lines.next()) {
                Optional<Link> link = Link.of(line.get());
                if (link.isEmpty()
                        || !link.get().intact()
                        || link.get().sequence() != at.sequence() + 1
                        || !link.get().previous().equals(at.hash()))
                    throw damaged("what follows record " + at.sequence() + " in " + file + " is not the next record");
                at = at.behind(link.get(), lines.offset());
            }
        }
        return at;
    }

    /// Only whoever died while appending leaves half a line: nobody else is at it, and nobody was told that it
    /// is there.
    private void setAside(Path file, Position at) throws IOException {
        long torn = Files.size(file) - at.offset();
        if (torn == 0) return;
        if (torn > TORN_BYTES_MAX) throw damaged(file + " ends with " + torn + " bytes that are no record");
        try (FileChannel channel = FileChannel.open(
                file, Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS))) {
            ByteBuffer left = ByteBuffer.allocate((int) torn);
            while (left.hasRemaining() && channel.read(left, at.offset() + left.position()) >= 0) {}
            DurableFiles.replace(torn(at), left.array());
            channel.truncate(at.offset());
            channel.force(true);
        }
    }

    /// What was set aside for the place behind `at` gets a record there: now, or after a kill in between at the
    /// next append.
    private Position toldOfTorn(Position at) throws IOException {
        Path torn = torn(at);
        if (!Files.isRegularFile(torn, LinkOption.NOFOLLOW_LINKS)) return at;
        byte[] left = Files.readAllBytes(torn);
        AuditEvent event = AuditEvent.of(AuditKind.LOG_TORN, AuditEvent.SERVER, "", "" + torn.getFileName())
                .with("set aside " + left.length + " bytes, sha256:" + Link.sha256(left));
        return write(at, List.of(new Item(event, time.now(), 1)));
    }

    private Path torn(Position at) {
        long record = Math.max(2, at.sequence() + 1); // the first one only begins the log
        return folder.path().resolve("torn-%018d".formatted(record));
    }

    private Position write(Position end, List<Item> items) throws IOException {
        Position at = end.offset() >= segmentBytesMax ? end.nextSegment() : end;
        ByteArrayOutputStream lines = new ByteArrayOutputStream(512 * items.size());
        String previous = at.hash();
        long sequence = at.sequence();
        for (Item item : items) {
            byte[] line = Link.line(++sequence, item.time(), item.event(), item.count(), previous);
            previous = Link.hashOf(line);
            lines.writeBytes(line);
            lines.write('\n');
        }
        Path file = Segments.file(folder.path(), at.segment());
        boolean fresh = at.offset() == 0 && !Files.exists(file, LinkOption.NOFOLLOW_LINKS);
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                AuditFolder.OWNER_ONLY)) {
            flush(channel, at.offset(), ByteBuffer.wrap(lines.toByteArray()));
        }
        if (fresh) DurableFiles.flushDirectory(folder.path());
        return new Position(at.segment(), at.offset() + lines.size(), sequence, previous);
    }

    private static void flush(FileChannel channel, long offset, ByteBuffer bytes) throws IOException {
        try {
            while (bytes.hasRemaining()) channel.write(bytes, offset + bytes.position());
            channel.force(false);
        } catch (IOException e) {
            try {
                channel.truncate(offset); // nobody was told that any of it is there
            } catch (IOException left) {
                e.addSuppressed(left); // found by whoever appends next
            }
            throw e;
        }
    }

    private AuditException damaged(String what) {
        return AuditException.damaged("the audit log in " + folder.path() + " was changed, " + what
                + ": 'redoubt audit-log verify' shows all of it; to begin a new log, move the folder away and keep it");
    }
}
