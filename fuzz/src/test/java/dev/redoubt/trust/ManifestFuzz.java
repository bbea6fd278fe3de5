package dev.redoubt.trust;

/// A manifest is read or refused, and what is read is written as what it was (V4.2).
public final class ManifestFuzz {
    private ManifestFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        Manifest manifest;
        try {
            manifest = Manifest.parse("tiny", input);
        } catch (ArtifactException refused) {
            return;
        }
        Manifest again = Manifest.parse("tiny", manifest.toJson());
        if (!again.equals(manifest) || !again.digest().equals(manifest.digest()))
            throw new IllegalStateException("a manifest is another one when it is written and read again");
    }
}
