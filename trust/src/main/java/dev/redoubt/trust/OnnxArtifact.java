package dev.redoubt.trust;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/// An ONNX model whose bytes have the digest that was asked for and passed the strict reader. There is no other
/// way to
/// one. Used by one thread; close it when whoever runs the model has its own copy.
public final class OnnxArtifact implements AutoCloseable {
    /* The file is read once, into memory of ours: what was hashed is what was read is what is handed on, whatever happens
     * to the file meanwhile. */
    private static final String ALGORITHM = "sha256:";

    private final Arena arena;
    private final MemorySegment bytes;
    private final OnnxModel model;

    private OnnxArtifact(Arena arena, MemorySegment bytes, OnnxModel model) {
        this.arena = arena;
        this.bytes = bytes;
        this.model = model;
    }

    /// Reads and checks one file.
    ///
    /// @param digest `sha256:` and 64 digits of lower-case hex
    /// @throws ArtifactException if it has another digest, or is not as it must be
    /// @throws IOException if it cannot be read
    public static OnnxArtifact open(Path file, String digest) throws IOException {
        if (!digest.startsWith(ALGORITHM) || !Sha256.isHex(digest.substring(ALGORITHM.length())))
            throw Refusals.files(
                    "digest '%s' is none: write sha256: and 64 digits of lower-case hex", Refusals.shown(digest));
        String name = Refusals.shown(String.valueOf(file.getFileName()));
        if (!Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
            throw Refusals.files("'%s' is no regular file: name the model file itself", name);
        Arena arena = Arena.ofConfined();
        try {
            MemorySegment bytes = content(arena, file, name);
            String found = ALGORITHM + Sha256.of(bytes);
            if (!found.equals(digest))
                throw Refusals.files(
                        "file '%s' has the digest %s, expected is %s: it is another model, or was changed",
                        name, found, digest);
            FileKinds.refusal(name, bytes).ifPresent(refusal -> {
                throw refusal;
            });
            return new OnnxArtifact(arena, bytes, OnnxReader.read(bytes));
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private static MemorySegment content(Arena arena, Path file, String name) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            long size = channel.size();
            if (size > OnnxReader.FILE_BYTES_MAX)
                throw Refusals.content(
                        "file '%s' has %d bytes, limit of ONNX is %d", name, size, OnnxReader.FILE_BYTES_MAX);
            MemorySegment bytes = arena.allocate(size);
            ByteBuffer left = bytes.asByteBuffer();
            while (left.hasRemaining())
                if (channel.read(left) < 0)
                    throw Refusals.files("file '%s' was cut while it was read: leave it alone", name);
            return bytes.asReadOnly();
        }
    }

    public OnnxModel model() {
        return model;
    }

    /// The whole file, outside of the Java heap; valid until this is closed.
    public ByteBuffer bytes() {
        return bytes.asByteBuffer();
    }

    @Override
    public void close() {
        arena.close();
    }
}
