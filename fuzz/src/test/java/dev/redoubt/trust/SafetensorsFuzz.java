package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;

/// A safetensors file is read or refused by name (V4.3), its values included.
public final class SafetensorsFuzz {
    private SafetensorsFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            SafetensorsReader.read(MemorySegment.ofArray(input)).values().forEach(WeightScan::check);
        } catch (ArtifactException refused) {
            return;
        }
    }
}
