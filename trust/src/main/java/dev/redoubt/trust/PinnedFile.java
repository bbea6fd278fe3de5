package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// A model of one file that a configuration pins by its digest.
final class PinnedFile {
    /* The file is read once, into memory of ours: what was hashed is what was read is what is handed on, whatever happens
     * to the file meanwhile. */
    private static final String ALGORITHM = "sha256:";

    private PinnedFile() {}

    /// What it is called in refusals.
    static String name(Path file) {
        return StrangerText.shown(String.valueOf(file.getFileName()));
    }

    /// @param digest `sha256:` and 64 digits of lower-case hex
    /// @throws ArtifactException if it is none
    static void checkDigest(String digest) {
        if (!digest.startsWith(ALGORITHM) || !Sha256.isHex(digest.substring(ALGORITHM.length())))
            throw Refusals.files(
                    "digest '%s' is none: write sha256: and 64 digits of lower-case hex", StrangerText.shown(digest));
    }

    /// Read-only, outside of the Java heap.
    ///
    /// @throws ArtifactException if it is no regular file or over the limit
    static MemorySegment read(Arena arena, Path file, long bytesMax) throws IOException {
        String name = name(file);
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
            throw Refusals.files("'%s' is no regular file: name the model file itself", name);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            long size = channel.size();
            if (size > bytesMax) throw Refusals.content("file '%s' has %d bytes, limit is %d", name, size, bytesMax);
            MemorySegment bytes = arena.allocate(size);
            ByteBuffer left = bytes.asByteBuffer();
            while (left.hasRemaining())
                if (channel.read(left) < 0)
                    throw Refusals.files("file '%s' was cut while it was read: leave it alone", name);
            return bytes.asReadOnly();
        }
    }

    /// @throws ArtifactException if the bytes have another digest
    static void require(String digest, MemorySegment bytes, String name) {
        String found = ALGORITHM + Sha256.of(bytes);
        if (!found.equals(digest))
            throw Refusals.files(
                    "file '%s' has the digest %s, expected is %s: it is another model, or was changed",
                    name, found, digest);
    }
}
