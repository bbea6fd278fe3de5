package dev.redoubt.trust;

import java.nio.file.Path;

/// The models of one [dev.redoubt.base.Home]: each a folder with its files and a manifest of SHA-256 digests.
public final class ModelStore {
    private final Path root;

    public ModelStore(Path root) {
        this.root = root;
    }

    public Path root() {
        return root;
    }

    /// Verifies every file of an entry against its manifest, reads the containers strictly, and opens it.
    ///
    /// @throws ArtifactException if anything differs, or there is no such entry
    public VerifiedArtifact open(String name) {
        throw new UnsupportedOperationException("trust: open");
    }

    /// Turns a local GGUF file or safetensors folder into a store entry with a manifest.
    ///
    /// @throws ArtifactException if the files are refused, or the name is taken by other files
    public void add(Path source, String name) {
        throw new UnsupportedOperationException("trust: add");
    }
}
