package dev.redoubt.policy.limit;

import dev.redoubt.base.DurableFiles;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/// The windows of all keys, in a file that is mapped into memory: what is stored there is there for the next
/// process, however this one ends. One process at a time. Has one owner at a time, but each slot has its own.
final class WindowFile implements AutoCloseable {
    /* Layout, in longs of the machine's byte order (the file never leaves it):
     *   header   magic, requests per minute (N), boot id (2), unused up to 8
     *   slots    key id (0: free), N request times, 2 N pairs of token time and amount
     *
     * What survives what.
     *   kill -9       The pages belong to the kernel, so every store that was done counts. No write, no flush, no log to replay.
     *   power cut     Pages may be lost. But whatever was admitted was admitted before this boot; so where the boot id is another
     *                 one, nobody is admitted until the machine is up for as long as a window: `blind`.
     *   other N       The slots are read, the file is made anew and the latest times are put back. Dying in between leaves a file without
     *                 magic, and a file that cannot be read blinds for a whole window; so do keys that find no slot.
     *   clock         Times are those of a clock that starts at the wall clock's or at the newest time in the file, whichever is later, and
     *                 then runs with the monotonic one. A wall clock that is put back can lengthen a window, never open it.
     *
     * All slots are allocated at once, with real zeros, so that a full disk is found here and not by a store. */
    private static final long MAGIC = 0x5244_545f_5749_4e31L; // "RDT_WIN1"
    private static final int HEADER_LONGS = 8;
    private static final long SLOTS_BYTES_MAX = 64L << 20;
    private static final int SLOTS_MIN = 64;
    private static final int SLOTS_MAX = 2048;
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");
    private static final Path UPTIME = Path.of("/proc/uptime");
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private final FileChannel channel;
    private final MemorySegment map;
    private final int requestsPerMinute;
    private final List<Slot> taken = new ArrayList<>();
    private final Deque<Slot> free = new ArrayDeque<>();
    private final Duration blind;

    /// The windows of one key.
    ///
    /// @param all the key's id, then both windows
    record Slot(MemorySegment all, MemorySegment requests, MemorySegment tokens) {
        long key() {
            return all.get(LONG, 0);
        }
    }

    /// What a machine says of the time since it was started.
    ///
    /// @param idHigh with idLow a random id of this boot alone; both 0 where the machine does not tell
    record Boot(long idHigh, long idLow, Duration uptime) {
        static Boot current() {
            try {
                java.util.UUID id =
                        java.util.UUID.fromString(Files.readString(BOOT_ID).strip());
                double seconds = Double.parseDouble(Files.readString(UPTIME).split(" ")[0]);
                return new Boot(id.getMostSignificantBits(), id.getLeastSignificantBits(), Duration.ofMillis((long)
                        (seconds * 1000)));
            } catch (IOException | IllegalArgumentException e) {
                return new Boot(0, 0, Duration.ZERO);
            }
        }
    }

    private WindowFile(FileChannel channel, MemorySegment map, int requestsPerMinute, Duration blind) {
        this.channel = channel;
        this.map = map;
        this.requestsPerMinute = requestsPerMinute;
        this.blind = blind;
        for (int i = 0; i < slotCount(requestsPerMinute); i++) {
            Slot slot = slot(map, i, requestsPerMinute);
            if (slot.key() == 0) free.add(slot);
            else taken.add(slot);
        }
    }

    /// @throws RateLimitException if another process has it, or it cannot be made
    static WindowFile open(Path file, int requestsPerMinute, Boot boot) {
        try {
            DurableFiles.privateDirectory(Objects.requireNonNull(file.getParent()));
            FileChannel channel = FileChannel.open(
                    file,
                    Set.of(StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE),
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            try {
                lock(file, channel);
                return prepare(file, channel, requestsPerMinute, boot);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new RateLimitException(
                    "rate limit windows " + file + " cannot be opened: check owner, mode and disk space", e);
        }
    }

    /// How long nobody may be admitted, since admissions may have been lost; zero: none was.
    Duration blind() {
        return blind;
    }

    /// The slots that were in use when the file was left.
    List<Slot> taken() {
        return List.copyOf(taken);
    }

    int freeSlots() {
        return free.size();
    }

    int slots() {
        return slotCount(requestsPerMinute);
    }

    /// An empty slot for this key; there must be a free one.
    Slot claim(long key) {
        Slot slot = free.removeFirst();
        slot.all().fill((byte) 0);
        VarHandle.releaseFence(); // a key's slot holds its own windows or none
        slot.all().set(LONG, 0, key);
        return slot;
    }

    void release(Slot slot) {
        slot.all().set(LONG, 0, 0);
        free.addLast(slot);
    }

    /// The map itself stays as long as somebody refers to it: a request that ends late does no harm.
    @Override
    public void close() {
        try {
            map.force();
            channel.close();
        } catch (IOException | java.io.UncheckedIOException e) {
            throw new RateLimitException("rate limit windows cannot be written: check disk space", e);
        }
    }

    static long slotLongs(int requestsPerMinute) {
        return 1 + 5L * requestsPerMinute;
    }

    static int slotCount(int requestsPerMinute) {
        return Math.clamp(SLOTS_BYTES_MAX / (slotLongs(requestsPerMinute) * Long.BYTES), SLOTS_MIN, SLOTS_MAX);
    }

    private static void lock(Path file, FileChannel channel) throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock(); // the kernel gives it back, however this process ends
        } catch (OverlappingFileLockException e) {
            lock = null;
        }
        if (lock == null)
            throw new RateLimitException("another server runs on this home and has its rate limit windows " + file
                    + ", and one key has one limit: stop that server, or give this one a REDOUBT_HOME of its own");
    }

    private static WindowFile prepare(Path file, FileChannel channel, int requestsPerMinute, Boot boot)
            throws IOException {
        Duration blind = Duration.ZERO;
        boolean fresh = channel.size() == 0;
        List<long[]> kept = List.of();
        int before = fresh ? 0 : requestsPerMinuteOf(channel);
        if (!fresh && before == 0) blind = Duration.ofNanos(RequestWindow.WINDOW_NANOS);
        if (before != 0) {
            MemorySegment old = channel.map(MapMode.READ_WRITE, 0, bytes(before), Arena.ofAuto());
            boolean sameBoot = old.getAtIndex(LONG, 2) == boot.idHigh() && old.getAtIndex(LONG, 3) == boot.idLow();
            if (!sameBoot) blind = sinceBoot(boot);
            if (before != requestsPerMinute) kept = kept(old, before);
            if (kept.size() > slotCount(requestsPerMinute)) blind = Duration.ofNanos(RequestWindow.WINDOW_NANOS);
        }
        if (before != requestsPerMinute) allocate(file, channel, requestsPerMinute);
        MemorySegment map = channel.map(MapMode.READ_WRITE, 0, bytes(requestsPerMinute), Arena.ofAuto());
        for (int i = 0; i < Math.min(kept.size(), slotCount(requestsPerMinute)); i++)
            putBack(slot(map, i, requestsPerMinute), kept.get(i), before);
        map.setAtIndex(LONG, 1, requestsPerMinute);
        map.setAtIndex(LONG, 2, boot.idHigh());
        map.setAtIndex(LONG, 3, boot.idLow());
        VarHandle.releaseFence();
        map.setAtIndex(LONG, 0, MAGIC);
        if (before != requestsPerMinute) {
            map.force(); // so that a file that is not there later was never there
            DurableFiles.flushDirectory(Objects.requireNonNull(file.getParent()));
        }
        return new WindowFile(channel, map, requestsPerMinute, blind);
    }

    private static Duration sinceBoot(Boot boot) {
        Duration left = Duration.ofNanos(RequestWindow.WINDOW_NANOS).minus(boot.uptime());
        return left.isNegative() ? Duration.ZERO : left;
    }

    /// @return 0 if this is no file of ours, or one that was being made
    private static int requestsPerMinuteOf(FileChannel channel) throws IOException {
        ByteBuffer header = ByteBuffer.allocate(HEADER_LONGS * Long.BYTES).order(java.nio.ByteOrder.nativeOrder());
        while (header.hasRemaining()) if (channel.read(header, header.position()) < 0) return 0;
        long requests = header.getLong(Long.BYTES);
        if (header.getLong(0) != MAGIC || requests < 1 || requests > Integer.MAX_VALUE) return 0;
        return channel.size() == bytes((int) requests) ? (int) requests : 0;
    }

    private static void allocate(Path file, FileChannel channel, int requestsPerMinute) throws IOException {
        channel.truncate(0);
        ByteBuffer zeros = ByteBuffer.allocateDirect(1 << 16);
        for (long at = 0; at < bytes(requestsPerMinute); ) {
            zeros.clear().limit((int) Math.min(zeros.capacity(), bytes(requestsPerMinute) - at));
            at += channel.write(zeros, at);
        }
    }

    /// The slots in use, copied, those used last first: there may be fewer slots from now on.
    private static List<long[]> kept(MemorySegment old, int requestsPerMinute) {
        List<long[]> slots = new ArrayList<>();
        for (int i = 0; i < slotCount(requestsPerMinute); i++) {
            Slot slot = slot(old, i, requestsPerMinute);
            if (slot.key() != 0) slots.add(slot.all().toArray(LONG));
        }
        slots.sort(java.util.Comparator.comparingLong((long[] slot) -> newest(slot, requestsPerMinute))
                .reversed());
        return slots;
    }

    private static long newest(long[] slot, int requestsPerMinute) {
        long newest = 0;
        for (int i = 1; i <= requestsPerMinute; i++) newest = Math.max(newest, slot[i]);
        return newest;
    }

    /// Tells the windows of another length in order of time; of too many, the latest are those that count.
    private static void putBack(Slot slot, long[] old, int before) {
        slot.all().fill((byte) 0);
        RequestWindow requests = new RequestWindow(slot.requests());
        java.util.Arrays.stream(old, 1, 1 + before)
                .filter(time -> time != 0)
                .sorted()
                .forEach(requests::admit);
        long capacity = slot.tokens().byteSize() / (2 * Long.BYTES);
        List<long[]> pairs = new ArrayList<>();
        for (int i = 1 + before; i < old.length; i += 2) if (old[i] != 0) pairs.add(new long[] {old[i], old[i + 1]});
        pairs.sort(java.util.Comparator.comparingLong((long[] pair) -> pair[0]));
        int skipped = (int) Math.max(0, pairs.size() - capacity);
        for (int i = skipped; i < pairs.size(); i++) {
            long amount = pairs.get(i)[1];
            for (int s = 0; i == skipped && s < skipped; s++) amount += pairs.get(s)[1]; // none is forgotten
            slot.tokens().setAtIndex(LONG, 2L * (i - skipped), pairs.get(i)[0]);
            slot.tokens().setAtIndex(LONG, 2L * (i - skipped) + 1, amount);
        }
        slot.all().set(LONG, 0, old[0]);
    }

    private static long bytes(int requestsPerMinute) {
        return (HEADER_LONGS + slotCount(requestsPerMinute) * slotLongs(requestsPerMinute)) * Long.BYTES;
    }

    private static Slot slot(MemorySegment map, int index, int requestsPerMinute) {
        long longs = slotLongs(requestsPerMinute);
        MemorySegment all = map.asSlice((HEADER_LONGS + index * longs) * Long.BYTES, longs * Long.BYTES);
        long tokens = (1L + requestsPerMinute) * Long.BYTES;
        return new Slot(all, all.asSlice(Long.BYTES, requestsPerMinute * (long) Long.BYTES), all.asSlice(tokens));
    }
}
