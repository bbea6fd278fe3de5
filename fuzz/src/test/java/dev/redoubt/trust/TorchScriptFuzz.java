package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;

/// A TorchScript archive is read or refused by name (R1.6, V4.3), and so is a pickle of one: behind the
/// archive's checksums a walk would hardly get there.
public final class TorchScriptFuzz {
    private TorchScriptFuzz() {}

    /// The first byte says what the rest is: `P` a pickle, else an archive.
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length == 0) return;
        MemorySegment rest = MemorySegment.ofArray(input).asSlice(1);
        try {
            if (input[0] == 'P') PickleReader.read(rest, "data.pkl", name -> name.startsWith("__torch__."));
            else TorchScriptReader.check(rest);
        } catch (ArtifactException refused) {
            return;
        }
    }
}
