package dev.redoubt.trust;

import dev.redoubt.trust.VerifiedArtifact.Container;
import java.time.Instant;
import java.util.List;

/// What the store says about one model, without having read its weights.
///
/// @param digest hex SHA-256 of the manifest, see [VerifiedArtifact#digest]
/// @param bytes of all files together
/// @param files their names, sorted
/// @param source where the bytes came from, for people
public record StoreEntry(
        String name,
        Container container,
        String digest,
        long bytes,
        List<String> files,
        String source,
        Instant addedAt) {
    public StoreEntry {
        files = List.copyOf(files);
    }

    /// Whether it is a low-rank adapter, which is loaded on its base alone.
    public boolean adapter() {
        return SafetensorsFolder.isAdapter(files);
    }

    static StoreEntry of(Manifest manifest) {
        return new StoreEntry(
                manifest.name(),
                manifest.container(),
                manifest.digest(),
                manifest.bytes(),
                List.copyOf(manifest.files().keySet()),
                manifest.source(),
                manifest.addedAt());
    }
}
