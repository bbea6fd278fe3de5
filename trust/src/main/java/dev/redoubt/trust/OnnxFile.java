package dev.redoubt.trust;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/// The bytes of an ONNX file as they were read: nothing was looked at yet. A worker process reads them before it gives
/// up its files and looks at them afterwards. Used by one thread; close it when whoever runs the model has its own
/// copy.
public final class OnnxFile implements AutoCloseable {
    /// What it may have at most.
    public static final long BYTES_MAX = OnnxReader.FILE_BYTES_MAX;

    private final Arena arena;
    private final String name;
    private final MemorySegment bytes;

    private OnnxFile(Arena arena, String name, MemorySegment bytes) {
        this.arena = arena;
        this.name = name;
        this.bytes = bytes;
    }

    /// Reads it.
    ///
    /// @throws ArtifactException if it is no regular file, or larger than any such file may be
    /// @throws IOException if it cannot be read
    public static OnnxFile read(Path file) throws IOException {
        Arena arena = Arena.ofConfined();
        try {
            MemorySegment bytes = PinnedFile.read(arena, file, BYTES_MAX);
            return new OnnxFile(arena, PinnedFile.name(file), bytes);
        } catch (IOException | RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /// Compares it with its digest; nothing in it is looked at.
    ///
    /// @param digest `sha256:` and 64 digits of lower-case hex
    /// @throws ArtifactException if it has another
    public void approve(String digest) {
        PinnedFile.checkDigest(digest);
        PinnedFile.require(digest, bytes, name);
    }

    /// As [#approve], then reads all of it strictly.
    ///
    /// @return valid until this is closed
    /// @throws ArtifactException also if it is not as it must be
    public OnnxArtifact verify(String digest) {
        approve(digest);
        FileKinds.refusal(name, bytes).ifPresent(refusal -> {
            throw refusal;
        });
        return new OnnxArtifact(bytes, OnnxReader.read(bytes));
    }

    @Override
    public void close() {
        arena.close();
    }
}
