package dev.redoubt.trust;

import java.util.Map;
import java.util.Optional;

/// A model whose every byte was compared with its manifest. Only this package makes one, after every check; nothing else can be
/// loaded. Holds the memory of its tensors until closed.
public final class VerifiedArtifact implements AutoCloseable {
    /// How the files store tensors.
    public enum Container {
        GGUF,
        SAFETENSORS
    }

    private final String name;
    private final String digest;
    private final Container container;

    VerifiedArtifact(String name, String digest, Container container) {
        this.name = name;
        this.digest = digest;
        this.container = container;
    }

    /// As the store knows it.
    public String name() {
        return name;
    }

    /// Hex SHA-256 of the manifest, which lists the digest of every file.
    public String digest() {
        return digest;
    }

    public Container container() {
        return container;
    }

    /// All tensors by name, in file order.
    public Map<String, Tensor> tensors() {
        throw new UnsupportedOperationException("trust: tensors");
    }

    /// The metadata of a GGUF artifact.
    ///
    /// @throws IllegalStateException if the container is another
    public GgufMetadata gguf() {
        throw new UnsupportedOperationException("trust: gguf");
    }

    /// A small file of a safetensors folder, such as `config.json`, as verified; empty if the folder has none of that name.
    public Optional<byte[]> file(String fileName) {
        throw new UnsupportedOperationException("trust: file");
    }

    /// Gives the memory of the tensors back; tensors must not be read afterwards.
    @Override
    public void close() {
        throw new UnsupportedOperationException("trust: close");
    }
}
