package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/// Reads a ZIP archive of which every byte has one meaning only.
final class ZipReader {
    /* Readers of ZIP differ in what they believe: the directory at the end, the header before each entry, or the descriptor
     * behind it; and in what they make of bytes that none of these names. So all three must agree, entries follow each other
     * without a gap and without an overlap from the first byte to the directory, in its order, and behind the directory
     * nothing is left over. What is packed is unpacked into bounded memory, counted as it comes out: what the headers say of
     * its size is compared afterwards. Nothing of it is ever written to a file. */
    static final int ENTRIES_MAX = 20_000;
    static final int NAME_BYTES_MAX = 512;
    static final int PACKED_BYTES_MAX = 64 << 20; // of all packed entries together, unpacked

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final int LOCAL = 0x04034b50;
    private static final int CENTRAL = 0x02014b50;
    private static final int DESCRIPTOR = 0x08074b50;
    private static final int END = 0x06054b50;
    private static final int END_64 = 0x06064b50;
    private static final int LOCATOR_64 = 0x07064b50;
    private static final int LOCAL_BYTES = 30;
    private static final int CENTRAL_BYTES = 46;
    private static final int DESCRIPTOR_BYTES = 16;
    private static final int END_BYTES = 22;
    private static final int END_64_BYTES = 56;
    private static final int LOCATOR_64_BYTES = 20;

    private static final int SIZES_BEHIND = 0x0008; // flags
    private static final int UTF_8 = 0x0800;
    private static final int PADDING = 0x4246; // "FB"
    private static final int STORED = 0;
    private static final int DEFLATED = 8;

    /// No separator at the begin or end, no empty part, no part of dots.
    private static final Pattern NAME =
            Pattern.compile("(?:\\.?[A-Za-z0-9_+-][A-Za-z0-9_.+-]*/)*\\.?[A-Za-z0-9_+-][A-Za-z0-9_.+-]*");

    private final MemorySegment file;
    private long packedLeft = PACKED_BYTES_MAX;
    private long at; // where the next entry begins

    private ZipReader(MemorySegment file) {
        this.file = file;
    }

    /// The entries by name, in their order: stored ones as slices of `file`, packed ones unpacked.
    ///
    /// @throws ArtifactException if it is no such archive
    static SequencedMap<String, MemorySegment> read(MemorySegment file) {
        return new ZipReader(file).entries();
    }

    private SequencedMap<String, MemorySegment> entries() {
        long end = file.byteSize() - END_BYTES;
        if (end < 0 || int32(end) != END)
            throw refused("does not end with the end of its directory: it was cut, or something was put behind it");
        int count = u16(end + 10);
        long directory = u32(end + 16);
        long directoryEnd = directory + u32(end + 12);
        if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != count || u16(end + 20) != 0)
            throw refused("is one of several parts, or has a comment");
        if (count == 0 || count > ENTRIES_MAX) throw refused("has %d entries, allowed are 1 to %d", count, ENTRIES_MAX);
        if (directoryEnd != beforeEnd(end, count, directory))
            throw refused("has bytes between its directory and its end");
        SequencedMap<String, MemorySegment> entries = new LinkedHashMap<>();
        long header = directory;
        for (int i = 0; i < count; i++) {
            need(header, CENTRAL_BYTES, directoryEnd);
            int nameBytes = u16(header + 28);
            need(header, CENTRAL_BYTES + nameBytes, directoryEnd);
            String name = name(header + CENTRAL_BYTES, nameBytes);
            MemorySegment content = entry(header, name, directory);
            if (entries.putIfAbsent(name, content) != null) throw refused("has the entry '%s' twice", name);
            header += CENTRAL_BYTES + nameBytes;
        }
        if (header != directoryEnd || at != directory) throw refused("has bytes that belong to no entry");
        return entries;
    }

    /// Where the directory ends: torch always writes the records for large archives too, which must
    /// say the same.
    private long beforeEnd(long end, int count, long directory) {
        long locator = end - LOCATOR_64_BYTES;
        long record = locator - END_64_BYTES;
        if (record < 0 || int32(locator) != LOCATOR_64) return end;
        boolean same = int32(locator + 4) == 0
                && int64(locator + 8) == record
                && int32(locator + 16) == 1
                && int32(record) == END_64
                && int64(record + 4) == END_64_BYTES - 12
                && int32(record + 16) == 0
                && int32(record + 20) == 0
                && int64(record + 24) == count
                && int64(record + 32) == count
                && int64(record + 48) == directory
                && int64(record + 40) == record - directory;
        if (!same) throw refused("has two ends of its directory that differ");
        return record;
    }

    private String name(long begin, int length) {
        if (length == 0 || length > NAME_BYTES_MAX)
            throw refused("has a name of %d bytes, allowed are 1 to %d", length, NAME_BYTES_MAX);
        String name = new String(file.asSlice(begin, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII);
        if (!NAME.matcher(name).matches())
            throw refused(
                    "has the entry '%s', which is no plain path: allowed are ASCII letters, digits and . _ + -, no"
                            + " '..'",
                    StrangerText.shown(name));
        return name;
    }

    private MemorySegment entry(long central, String name, long directory) {
        int flags = u16(central + 8);
        int method = u16(central + 10);
        int crc = int32(central + 16);
        long stored = u32(central + 20);
        long size = u32(central + 24);
        if (int32(central) != CENTRAL || u16(central + 30) != 0 || u16(central + 32) != 0 || u16(central + 34) != 0)
            throw refused("describes '%s' with an extra field, a comment or another part of it", name);
        if ((flags & ~(SIZES_BEHIND | UTF_8)) != 0)
            throw refused("has the entry '%s' encrypted or in another way that is not read", name);
        if (u32(central + 42) != at) throw refused("has bytes before '%s' that belong to no entry, or to two", name);
        need(at, LOCAL_BYTES, directory);
        int nameBytes = u16(at + 26);
        int extraBytes = u16(at + 28);
        need(at, LOCAL_BYTES + nameBytes + extraBytes, directory);
        boolean behind = (flags & SIZES_BEHIND) != 0;
        boolean same = int32(at) == LOCAL
                && u16(at + 6) == flags
                && u16(at + 8) == method
                && said(at + 14, crc, behind)
                && said(at + 18, (int) stored, behind)
                && said(at + 22, (int) size, behind)
                && nameBytes == name.length()
                && isPadding(at + LOCAL_BYTES + nameBytes, extraBytes)
                && name(at + LOCAL_BYTES, nameBytes).equals(name);
        if (!same) throw refused("describes '%s' in two ways that differ", name);
        long begin = at + LOCAL_BYTES + nameBytes + extraBytes;
        need(begin, stored + (behind ? DESCRIPTOR_BYTES : 0), directory);
        MemorySegment bytes = file.asSlice(begin, stored);
        at = begin + stored;
        if (behind) {
            if (int32(at) != DESCRIPTOR || int32(at + 4) != crc || u32(at + 8) != stored || u32(at + 12) != size)
                throw refused("describes '%s' in two ways that differ", name);
            at += DESCRIPTOR_BYTES;
        }
        MemorySegment content = content(name, method, bytes, size);
        if (crcOf(content) != crc) throw refused("has the entry '%s' damaged: its checksum is another", name);
        return content;
    }

    /// How torch aligns tensors: one field of its own, as long as need be.
    private boolean isPadding(long offset, int bytes) {
        return bytes == 0 || bytes >= 4 && u16(offset) == PADDING && u16(offset + 2) == bytes - 4;
    }

    /// Sizes that stand behind an entry may be left out before it.
    private boolean said(long offset, int value, boolean behind) {
        int found = int32(offset);
        return found == value || behind && found == 0;
    }

    private MemorySegment content(String name, int method, MemorySegment bytes, long size) {
        if (method == STORED) {
            if (bytes.byteSize() != size) throw refused("stores '%s' in another size than it says", name);
            return bytes;
        }
        if (method != DEFLATED) throw refused("has the entry '%s' packed by method %d, read is 8", name, method);
        if (size > packedLeft)
            throw refused("has over %d bytes in packed entries, which is the limit (at '%s')", PACKED_BYTES_MAX, name);
        packedLeft -= size;
        return MemorySegment.ofArray(unpacked(name, bytes, (int) size)).asReadOnly();
    }

    private static byte[] unpacked(String name, MemorySegment packed, int size) {
        byte[] content = new byte[size];
        Inflater inflater = new Inflater(true);
        try {
            inflater.setInput(packed.asByteBuffer());
            int count = 0;
            while (count < size) {
                int more = inflater.inflate(content, count, size - count);
                if (more == 0) throw refused("unpacks '%s' to %d bytes, not the %d that it says", name, count, size);
                count += more;
            }
            boolean over = !inflater.finished() && inflater.inflate(new byte[1]) > 0;
            if (over || !inflater.finished() || inflater.getRemaining() > 0)
                throw refused("unpacks '%s' to more than the %d bytes that it says, or has more behind it", name, size);
            return content;
        } catch (DataFormatException e) {
            throw refused("has the entry '%s' packed in a broken way", name);
        } finally {
            inflater.end();
        }
    }

    private static int crcOf(MemorySegment content) {
        CRC32 crc = new CRC32();
        crc.update(content.asByteBuffer());
        return (int) crc.getValue();
    }

    private void need(long begin, long count, long end) {
        if (begin < 0 || begin > end || count > end - begin) throw refused("is cut or damaged at offset %d", begin);
    }

    private int u16(long offset) {
        return Short.toUnsignedInt(file.get(SHORT, offset));
    }

    private int int32(long offset) {
        return file.get(INT, offset);
    }

    private long u32(long offset) {
        return Integer.toUnsignedLong(int32(offset));
    }

    private long int64(long offset) {
        return file.get(LONG, offset);
    }

    private static ArtifactException refused(String message, Object... args) {
        return Refusals.content("the archive " + message, args);
    }
}
