package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;

/// An ONNX file is read or refused by name (V4.3), before any native code sees it.
public final class OnnxFuzz {
    private OnnxFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            OnnxModel ignored = OnnxReader.read(MemorySegment.ofArray(input));
        } catch (ArtifactException refused) {
            return;
        }
    }
}
