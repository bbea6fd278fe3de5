package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// An ONNX model whose bytes have the digest that was asked for and passed the strict reader. Only [OnnxFile#verify]
/// makes one.
public final class OnnxArtifact {
    private final MemorySegment bytes;
    private final OnnxModel model;

    OnnxArtifact(MemorySegment bytes, OnnxModel model) {
        this.bytes = bytes;
        this.model = model;
    }

    public OnnxModel model() {
        return model;
    }

    /// The whole file, outside of the Java heap; valid until its [OnnxFile] is closed.
    public ByteBuffer bytes() {
        return bytes.asByteBuffer();
    }
}
