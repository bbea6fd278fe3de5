package dev.redoubt.trust;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// An ONNX model whose bytes have the digest that was asked for and passed the strict reader. There is no other
/// way to
/// one. Used by one thread; close it when whoever runs the model has its own copy.
public final class OnnxArtifact implements AutoCloseable {
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
        String name = PinnedFile.name(file);
        PinnedFile.checkDigest(digest);
        Arena arena = Arena.ofConfined();
        try {
            MemorySegment bytes = PinnedFile.read(arena, file, OnnxReader.FILE_BYTES_MAX);
            PinnedFile.require(digest, bytes, name);
            FileKinds.refusal(name, bytes).ifPresent(refusal -> {
                throw refusal;
            });
            return new OnnxArtifact(arena, bytes, OnnxReader.read(bytes));
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
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
