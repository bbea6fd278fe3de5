package dev.redoubt.trust;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A model whose every byte was compared with its manifest. Only this package makes one, after every check;
/// nothing else can be loaded. Holds the memory of its tensors until closed. Safe for any thread; the last one
/// to use it closes it.
public final class VerifiedArtifact implements AutoCloseable {
    /// How the files store tensors.
    public enum Container {
        GGUF,
        SAFETENSORS
    }

    /* The files are mapped read-only and shared: the pages that were hashed are the pages that are read.
     * Whoever can write the file can still change it under us; the store's files are therefore mode 0400 in
     * folders of mode 0700. */
    private final Manifest manifest;
    private volatile Map<String, Tensor> tensors; // empty when closed
    private volatile @Nullable GgufMetadata gguf; // null when closed, or unless the container is GGUF
    private final ModelFiles files;
    private final Arena arena;

    VerifiedArtifact(
            Manifest manifest,
            Map<String, Tensor> tensors,
            @Nullable GgufMetadata gguf,
            ModelFiles files,
            Arena arena) {
        this.manifest = manifest;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.gguf = gguf;
        this.files = files;
        this.arena = arena;
    }

    /// As the store knows it.
    public String name() {
        return manifest.name();
    }

    /// Hex SHA-256 of the manifest's canonical list of container, files, sizes and digests: equal for equal
    /// bytes.
    public String digest() {
        return manifest.digest();
    }

    public Container container() {
        return manifest.container();
    }

    /// Size of all files together.
    public long bytes() {
        return manifest.bytes();
    }

    /// All tensors by name, in file order. Their data may begin at any address: read it with unaligned layouts.
    ///
    /// @throws IllegalStateException if the artifact was closed
    public Map<String, Tensor> tensors() {
        Map<String, Tensor> open = tensors;
        if (!arena.scope().isAlive()) throw new IllegalStateException("artifact '" + name() + "' is closed");
        return open;
    }

    /// The metadata of a GGUF artifact.
    ///
    /// @throws IllegalStateException if the container is another, or it was closed
    public GgufMetadata gguf() {
        GgufMetadata metadata = gguf;
        if (metadata == null)
            throw new IllegalStateException("artifact '" + name() + "' is closed, or no GGUF but " + container());
        return metadata;
    }

    /// A small file of a safetensors folder, such as `config.json`, as verified; empty if the folder has none
    /// of that name.
    ///
    /// @throws ArtifactException if the file is over 64 MiB: weights are read through [#tensors]
    public Optional<byte[]> file(String fileName) {
        return Optional.ofNullable(files.byName().get(fileName))
                .map(content -> FolderPolicy.small(fileName, content).toArray(ValueLayout.JAVA_BYTE));
    }

    /// Gives the memory back, that of a vocabulary in the metadata too; tensors, files and metadata must not be
    /// read afterwards.
    @Override
    public void close() {
        if (arena.scope().isAlive()) arena.close();
        tensors = Map.of();
        gguf = null;
    }

    /// What the bytes were compared with.
    Manifest manifest() {
        return manifest;
    }
}
