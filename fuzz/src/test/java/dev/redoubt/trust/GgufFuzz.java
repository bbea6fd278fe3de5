package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;

/// A GGUF file is read or refused by name (V4.3), its values included.
public final class GgufFuzz {
    private GgufFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            GgufReader.read(MemorySegment.ofArray(input)).tensors().values().forEach(WeightScan::check);
        } catch (ArtifactException refused) {
            return;
        }
    }
}
