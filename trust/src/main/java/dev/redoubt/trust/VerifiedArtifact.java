package dev.redoubt.trust;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
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

    /* What is verified is what is used: the files are opened once and mapped read-only, and the pages that are hashed are the
     * pages that are parsed and computed with. A file that is replaced (renamed over) afterwards is another file. A file that
     * is written in place changes the pages of a mapping; what stands against that depends on where it lies:
     *   in the store     a copy of ours, mode 0400 in a folder of mode 0700: only its owner, the operator, could
     *   pinned path      a private copy whose name is removed once it is mapped: nobody can open it any more
     *   any other path   the user's own file, for commands on one's own files, never for serving: `confirm` hashes the pages
     *                    again after the weights were read, so that what was written meanwhile is refused */
    private final Manifest manifest;
    private final Optional<TrustEntry> trust;
    private final boolean changeable;
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
        this(manifest, tensors, gguf, files, arena, Optional.empty(), true);
    }

    private VerifiedArtifact(
            Manifest manifest,
            Map<String, Tensor> tensors,
            @Nullable GgufMetadata gguf,
            ModelFiles files,
            Arena arena,
            Optional<TrustEntry> trust,
            boolean changeable) {
        this.manifest = manifest;
        this.trust = trust;
        this.changeable = changeable;
        this.tensors = Collections.unmodifiableMap(tensors);
        this.gguf = gguf;
        this.files = files;
        this.arena = arena;
    }

    /// The same artifact, allowed by `entry`, its files beyond the reach of others. This one must not be used
    /// any more.
    VerifiedArtifact trusted(TrustEntry entry) {
        return new VerifiedArtifact(manifest, tensors, gguf, files, arena, Optional.of(entry), false);
    }

    /// What allows this model to be served: revision and signer beside the digest; empty for a path that
    /// nobody pinned.
    public Optional<TrustEntry> trust() {
        return trust;
    }

    /// To be called when the weights have been read: whether the pages are still those that were verified.
    ///
    /// @throws ArtifactException if a file of a path that nobody pinned was written meanwhile
    public void confirm() {
        if (!changeable) return;
        files.byName().forEach((file, bytes) -> {
            if (!Sha256.of(bytes)
                    .equals(Objects.requireNonNull(manifest.files().get(file)).sha256()))
                throw Refusals.files("file '%s' was written while it was loaded: try again when it is complete", file);
        });
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

    /// Whether it is a low-rank adapter, which is loaded on its base alone.
    public boolean adapter() {
        return SafetensorsFolder.isAdapter(files.byName().keySet());
    }

    /// @throws ArtifactException V4.1, unless it may be loaded on this base: on that of its entry of the
    /// allow-list. An artifact without an entry is the user's own file and fits where its layers do.
    public void requireBase(VerifiedArtifact base) {
        Optional<String> stated = trust.flatMap(TrustEntry::base);
        if (trust.isPresent() && !stated.equals(Optional.of(base.digest())))
            throw Refusals.trust(
                    "adapter '%s' belongs to the base sha256:%s, this model is '%s', sha256:%s: serve it with its own base",
                    name(), stated.orElse("(none)"), base.name(), base.digest());
    }

    /// Size of all files together.
    public long bytes() {
        return manifest.bytes();
    }

    /// Of all tensors together, as they are stored.
    public long tensorBytes() {
        return tensors().values().stream()
                .mapToLong(tensor -> tensor.data().byteSize())
                .sum();
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

    /// What its own files say of how weights are stored: what an entry of the allow-list must state.
    ///
    /// @throws ArtifactException V6.1, if they say nothing that is known
    public Quantization quantization() {
        return StatedQuantization.of(container(), tensors().values(), file("config.json"));
    }

    /// @throws ArtifactException V6.1, unless the files say the same
    void requireQuantization(Quantization stated) {
        if (quantization() != stated)
            throw Refusals.method(
                    "model '%s' is stored as %s, stated is %s: check where it comes from",
                    name(), quantization().word(), stated.word());
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

    /// @throws ArtifactException unless the files are exactly those that were signed
    void requireSigned(Verifier.Signed signed) {
        signed.signature().matches(files, manifest.files(), signed.fileName());
    }
}
