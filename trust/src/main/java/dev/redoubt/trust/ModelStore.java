package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// The models of one [dev.redoubt.base.Home]: each a folder with its files and a manifest of SHA-256 digests.
/// Which of them may be loaded is [ModelTrust]'s; a model that lies elsewhere is a [ModelPath].
/// Safe for any thread and for several processes: an entry appears whole, by one rename, or not at all.
public final class ModelStore {
    private final StoreLayout layout;
    private final TimeSource time;
    private final AllowList allowList;
    private final Quarantine quarantine;
    private final StoreEntries entries;
    private final EntryPublisher publisher;
    private final ModelTrust trust;

    /// @param root made when first written to
    public ModelStore(Path root) {
        this(root, TimeSource.system());
    }

    /// @param listener is told of each model that is set aside, on the thread that was refused
    public ModelStore(Path root, QuarantineListener listener) {
        this(root, TimeSource.system(), Quarantine.BYTES_MAX, listener);
    }

    ModelStore(Path root, TimeSource time) {
        this(root, time, Quarantine.BYTES_MAX);
    }

    ModelStore(Path root, TimeSource time, long quarantineBytesMax) {
        this(root, time, quarantineBytesMax, (name, during, rule) -> {});
    }

    private ModelStore(Path root, TimeSource time, long quarantineBytesMax, QuarantineListener listener) {
        this.layout = new StoreLayout(root);
        this.time = time;
        this.allowList = new AllowList(root);
        this.quarantine = new Quarantine(root, quarantineBytesMax);
        this.entries = new StoreEntries(layout, quarantine, listener, time);
        this.publisher = new EntryPublisher(layout, entries, allowList, time);
        this.trust = new ModelTrust(layout, entries, allowList, time);
    }

    /// Which of its entries may be loaded.
    public ModelTrust trust() {
        return trust;
    }

    StoreLayout layout() {
        return layout;
    }

    StoreEntries entries() {
        return entries;
    }

    EntryPublisher publisher() {
        return publisher;
    }

    public Path root() {
        return layout.root();
    }

    /// Opens an entry for use: it must be on the allow-list with this digest (V4.1), carry the signature of
    /// the signer that is named there, and equal its manifest in every byte. Its containers are read
    /// strictly; values were checked when it was added: equal digests mean equal bytes. An entry that differs
    /// from its manifest is moved to the quarantine.
    ///
    /// @throws ArtifactException if anything differs, nothing allows it, or there is no such entry
    public VerifiedArtifact open(String name) {
        Manifest manifest = entries.manifest(name, "open");
        AllowList.Grant grant = allowList.require(name, manifest.digest());
        VerifiedArtifact artifact =
                entries.open(manifest, entries.storedSignature(name, grant.signer()), false, "open");
        try {
            grant.quantization().ifPresent(artifact::requireQuantization);
            return artifact.trusted(TrustEntry.of(name, grant));
        } catch (RuntimeException e) {
            artifact.close();
            throw e;
        }
    }

    /// Compares every file of an entry with its manifest and repeats every check that was made when it was
    /// added: folder policy, strict readers, finite values, the signature of the signer on the allow-list. It
    /// need not be on that list. An entry that is refused is moved to the quarantine.
    ///
    /// @throws ArtifactException if anything differs or is refused, or there is no such entry
    public StoreEntry verify(String name) {
        return verify(name, trust.vouch(name));
    }

    /// As [#verify(String)], with the signer and signature that `vouch` names in place of those on the list.
    public StoreEntry verify(String name, Vouch vouch) {
        try (VerifiedArtifact artifact = entries.verified(name, vouch)) {
            return StoreEntry.of(artifact.manifest());
        }
    }

    /// Opens files that are in no store for serving: those that have this digest. They are copied first and
    /// the copy is checked and mapped, then its name removed: what was verified is what is used, whatever
    /// happens to the files.
    ///
    /// @param digest hex SHA-256 of the manifest, as [VerifiedArtifact#digest] of the same files says
    /// @throws ArtifactException if the files are refused or have another digest
    public VerifiedArtifact openPinned(Path source, String digest) {
        try {
            Path real = ModelPath.real(source);
            String name = ModelName.of(real);
            Map<String, Path> files = ModelPath.files(real);
            Verifier.preview(files);
            try (Staging stage =
                    publisher.copied(files)) { // closing it removes the names of the copies, not what is mapped
                VerifiedArtifact artifact = Verifier.admit(
                        name, ModelFiles.list(StoreLayout.stagedFiles(stage)), real.toString(), time.now());
                if (artifact.digest().equals(digest)) return pinned(artifact);
                artifact.close();
                throw Refusals.trust(
                        "model %s has the digest %s, given was %s: check where it comes from",
                        real, artifact.digest(), digest);
            }
        } catch (IOException e) {
            throw Refusals.unreadable(source, e);
        }
    }

    private VerifiedArtifact pinned(VerifiedArtifact artifact) {
        try {
            return artifact.trusted(new TrustEntry(
                    artifact.name(),
                    0,
                    artifact.digest(),
                    Signer.OPERATOR.id(),
                    Optional.of(artifact.quantization()),
                    Optional.empty(),
                    Optional.empty(),
                    time.now()));
        } catch (RuntimeException e) {
            artifact.close();
            throw e;
        }
    }

    /// Takes a name off the allow-list and removes its files. Its revisions are remembered: what comes back
    /// under the name must be newer.
    ///
    /// @return whether there was such an entry
    public boolean remove(String name) {
        ModelName.check(name);
        try {
            return allowList.exclusively(() -> {
                boolean known = allowList.distrust(name);
                if (!layout.hasEntry(name)) return known;
                try (Staging stage = layout.stage()) { // by one rename out of sight: a kill leaves no half entry
                    Files.move(layout.entry(name), stage.folder().resolve(name), StandardCopyOption.ATOMIC_MOVE);
                    DurableFiles.flushDirectory(layout.root());
                }
                return true;
            });
        } catch (IOException e) {
            throw Refusals.unreadable(layout.entry(name), e);
        }
    }

    /// What was refused and set aside, the newest first.
    public List<QuarantinedModel> quarantined() {
        return quarantine.list();
    }

    /// The entry of these bytes; empty if there is none.
    public Optional<StoreEntry> findByDigest(String digest) {
        return list().stream().filter(entry -> entry.digest().equals(digest)).findFirst();
    }

    /// What the manifest of an entry says; its files are not read.
    ///
    /// @throws ArtifactException if there is no such entry, or its manifest was changed
    public StoreEntry show(String name) {
        return StoreEntry.of(layout.manifest(name));
    }

    /// As [#show]; empty if there is no such entry.
    public Optional<StoreEntry> find(String name) {
        ModelName.check(name);
        return layout.hasEntry(name) ? Optional.of(show(name)) : Optional.empty();
    }

    /// Whether an entry is this one file.
    boolean holds(String name, String fileName, String sha256) {
        var files = layout.manifest(name).files();
        var fact = files.get(fileName);
        return files.size() == 1 && fact != null && fact.sha256().equals(sha256);
    }

    /// All entries, by name. One whose manifest was changed is left out here and named by [#damaged].
    public List<StoreEntry> list() {
        var entries = new ArrayList<StoreEntry>();
        read(entries, new ArrayList<>());
        return List.copyOf(entries);
    }

    /// The refusals of entries that [#list] leaves out.
    public List<ArtifactException> damaged() {
        var refused = new ArrayList<ArtifactException>();
        read(new ArrayList<>(), refused);
        return List.copyOf(refused);
    }

    private void read(List<StoreEntry> entries, List<ArtifactException> refused) {
        layout.sweep();
        for (String name : layout.names()) {
            try {
                entries.add(show(name));
            } catch (ArtifactException e) {
                refused.add(e);
            }
        }
    }

    /// As [#add(Path, String, Vouch)] on the operator's word.
    public StoreEntry add(Path source, String name) {
        return add(source, name, Vouch.OPERATOR);
    }

    /// Turns a local GGUF file or safetensors folder into a store entry with a manifest, and puts it on the
    /// allow-list. The files are copied, then checked where they will stay. Adding the same bytes again under
    /// the same name changes nothing but who vouches for them. Other files under the name make way
    /// if `vouch` states a revision above theirs.
    ///
    /// @throws ArtifactException if the files or their signature are refused, or the name is taken by
    ///     other files
    public StoreEntry add(Path source, String name, Vouch vouch) {
        ModelName.check(name);
        try {
            Path real = ModelPath.real(source);
            Map<String, Path> files = ModelPath.files(real);
            requireStatedBase(name, files, vouch.base());
            Optional<Verifier.Signed> signed = ModelPath.signed(files, vouch, time.now());
            Verifier.preview(files);
            try (Staging stage = publisher.copied(files)) {
                if (vouch.signature().isPresent())
                    DurableFiles.replace(
                            StoreLayout.signature(StoreLayout.entryIn(stage)),
                            StoreLayout.small(vouch.signature().get(), SignatureBundle.BYTES_MAX));
                return publisher.publish(
                        stage,
                        new EntryPublisher.Publication(
                                name,
                                real.toString(),
                                "add",
                                vouch.signer().orElse(Signer.OPERATOR),
                                vouch.revision(),
                                vouch.quantization(),
                                vouch.base()),
                        signed);
            }
        } catch (IOException e) {
            throw Refusals.unreadable(source, e);
        }
    }

    private static void requireStatedBase(String name, Map<String, Path> files, Optional<String> base) {
        boolean adapter = SafetensorsFolder.isAdapter(files.keySet());
        if (adapter && base.isEmpty())
            throw Refusals.trust(
                    "'%s' is an adapter, which belongs to one base: name it, redoubt models add … --base NAME", name);
        if (!adapter && base.isPresent())
            throw Refusals.trust("'%s' is no adapter, only an adapter has a base: leave --base out", name);
    }
}
