package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// The models of one [dev.redoubt.base.Home]: each a folder with its files and a manifest of SHA-256 digests, and
/// the list of those that may be loaded.
/// Safe for any thread and for several processes: an entry appears whole, by one rename, or not at all.
public final class ModelStore {
    /* Layout, folders mode 0700, files 0400:
     *   NAME/manifest.json      what the entry must be
     *   NAME/files/…            the model's files, flat
     *   NAME/model.sig          its signature, where that does not lie among the files
     *   allow-list.json         which digests may be loaded, and who vouches for them: see AllowList
     *   .quarantine/            what was refused: see Quarantine
     *   .staging/               entries in the making, see Staging
     *   .partial/               downloads that were cut off, named by the digest they must have
     * A name cannot begin with a dot, so these never meet. Every file is flushed to disk before the rename
     * that publishes it; kill -9 at any moment leaves the entry absent or whole, and a stage that the next
     * use sweeps away. */
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
    private static final String FILES = "files";
    private static final String SIGNATURE = SignedStatement.SIGNATURE_FILE;
    private static final Set<PosixFilePermission> OWNER_READS = PosixFilePermissions.fromString("r--------");
    private static final long DISK_MARGIN_BYTES = 64L << 20;

    private final Path root;
    private final TimeSource time;
    private final AllowList allowList;
    private final Quarantine quarantine;
    private final QuarantineListener listener;

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
        this.root = root;
        this.time = time;
        this.allowList = new AllowList(root);
        this.quarantine = new Quarantine(root, quarantineBytesMax);
        this.listener = listener;
    }

    public Path root() {
        return root;
    }

    /// Opens an entry for use: it must be on the allow-list with this digest (V4.1), carry the signature of
    /// the signer that is named there, and equal its manifest in every byte. Its containers are read
    /// strictly; values were checked when it was added: equal digests mean equal bytes. An entry that differs
    /// from its manifest is moved to the quarantine.
    ///
    /// @throws ArtifactException if anything differs, nothing allows it, or there is no such entry
    public VerifiedArtifact open(String name) {
        Manifest manifest = manifest(name, "open");
        AllowList.Grant grant = allowList.require(name, manifest.digest());
        VerifiedArtifact artifact = openEntry(manifest, storedSignature(name, grant.signer()), false, "open");
        try {
            grant.quantization().ifPresent(artifact::requireQuantization);
            return artifact.trusted(entry(name, grant));
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
        checkName(name);
        return verify(
                name,
                new Vouch(
                        allowList.find(name).map(AllowList.Grant::signer),
                        Optional.empty(),
                        OptionalLong.empty(),
                        Optional.empty()));
    }

    /// As [#verify(String)], with the signer and signature that `vouch` names in place of those on the list.
    public StoreEntry verify(String name, Vouch vouch) {
        try (VerifiedArtifact artifact = verified(name, vouch)) {
            return StoreEntry.of(artifact.manifest());
        }
    }

    private VerifiedArtifact verified(String name, Vouch vouch) {
        Manifest manifest = manifest(name, "verify");
        Signer signer = vouch.signer().orElse(Signer.OPERATOR);
        Optional<Verifier.Signed> signed = vouch.signature().isPresent() && signer.signs()
                ? Optional.of(detached(vouch.signature().get(), signer))
                : storedSignature(name, signer);
        return openEntry(manifest, signed, true, "verify");
    }

    /// A signature that lies elsewhere than the files.
    private Verifier.Signed detached(Path bundle, Signer signer) {
        try {
            return new Verifier.Signed(
                    ModelSignature.check(small(bundle, SignatureBundle.BYTES_MAX), signer, time.now()), "");
        } catch (IOException e) {
            throw unreadable(bundle, e);
        }
    }

    /// Opens a GGUF file or a model folder that is in no store, where it lies, after the checks of [#add].
    /// Its name is that of the file. For commands on the user's own files, never for serving: nobody pinned
    /// it, and whoever can write the file can change it, see [VerifiedArtifact#confirm].
    ///
    /// @throws ArtifactException if the files are refused
    public static VerifiedArtifact openPath(Path source) {
        return openPath(source, Vouch.OPERATOR);
    }

    /// As [#openPath(Path)], for a model that must carry a signature.
    ///
    /// @param vouch the revision in it is not looked at
    public static VerifiedArtifact openPath(Path source, Vouch vouch) {
        try {
            Path real = real(source);
            Instant now = TimeSource.system().now();
            Map<String, Path> files = sourceFiles(real);
            return Verifier.admit(nameFor(real), files, real.toString(), now, signed(files, vouch, now));
        } catch (IOException e) {
            throw unreadable(source, e);
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
            Path real = real(source);
            String name = nameFor(real);
            Map<String, Path> files = sourceFiles(real);
            Verifier.preview(files);
            try (Staging stage = copied(files)) { // closing it removes the names of the copies, not what is mapped
                VerifiedArtifact artifact =
                        Verifier.admit(name, ModelFiles.list(stagedFiles(stage)), real.toString(), time.now());
                if (artifact.digest().equals(digest)) return pinned(artifact);
                artifact.close();
                throw Refusals.trust(
                        "model %s has the digest %s, given was %s: check where it comes from",
                        real, artifact.digest(), digest);
            }
        } catch (IOException e) {
            throw unreadable(source, e);
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

    /// What allows an entry to be loaded; empty if nothing does.
    public Optional<TrustEntry> trusted(String name) {
        checkName(name);
        return allowList.find(name).map(grant -> entry(name, grant));
    }

    /// Whether the operator took the name off the allow-list.
    public boolean isDistrusted(String name) {
        checkName(name);
        return allowList.isDistrusted(name);
    }

    /// Puts an entry on the allow-list by its digest: the operator vouches for it.
    ///
    /// @throws ArtifactException if the entry has another digest, differs from its manifest, or is an old version
    public TrustEntry trust(String name, String digest) {
        checkName(name);
        var vouch = new Vouch(
                allowList.find(name).map(AllowList.Grant::signer),
                Optional.empty(),
                OptionalLong.empty(),
                Optional.empty());
        try (VerifiedArtifact present = verified(name, vouch)) {
            if (!present.digest().equals(digest))
                throw Refusals.trust(
                        "model '%s' has the digest %s, given was %s: check where it comes from",
                        name, present.digest(), digest);
            return grant(present, Signer.OPERATOR);
        }
    }

    /// Puts an entry on the allow-list by a signature that it carries, which every later start checks again.
    ///
    /// @param signature the bundle, which is copied into the entry; none: the one that it has
    /// @throws ArtifactException if the signature is not this signer's, or not of these files
    public TrustEntry trust(String name, Signer signer, Optional<Path> signature) {
        var vouch = new Vouch(Optional.of(signer), signature, OptionalLong.empty(), Optional.empty());
        try (VerifiedArtifact present = verified(name, vouch)) {
            if (signature.isEmpty()) return grant(present, signer);
            byte[] bundle = small(signature.get(), SignatureBundle.BYTES_MAX);
            return allowList.exclusively(() -> {
                DurableFiles.replace(root.resolve(name).resolve(SIGNATURE), bundle);
                return grant(present, signer);
            });
        } catch (IOException e) {
            throw unreadable(root.resolve(name), e);
        }
    }

    /// An adapter stays that of the base that was stated when it was added.
    private TrustEntry grant(VerifiedArtifact present, Signer signer) {
        String name = present.name();
        Optional<String> base = allowList.base(name, present.digest());
        if (present.adapter() && base.isEmpty())
            throw Refusals.trust(
                    "adapter '%s' has no base on the allow-list: redoubt models remove %s, then add it with --base",
                    name, name);
        try {
            return entry(
                    name,
                    allowList.trust(
                            name,
                            present.digest(),
                            signer,
                            OptionalLong.empty(),
                            present.quantization(),
                            base,
                            time.now()));
        } catch (IOException e) {
            throw unreadable(root.resolve(AllowList.FILE_NAME), e);
        }
    }

    private static TrustEntry entry(String name, AllowList.Grant grant) {
        return new TrustEntry(
                name,
                grant.revision(),
                grant.digest(),
                grant.signer().id(),
                grant.quantization(),
                grant.base(),
                grant.bounds(),
                grant.trustedAt());
    }

    /// States in an entry of the allow-list how far these bytes may be from the model that they were made of.
    ///
    /// @throws ArtifactException if it allows no bytes of this digest
    public TrustEntry bound(String name, String digest, QualityBounds bounds) {
        checkName(name);
        try {
            return entry(name, allowList.bound(name, digest, bounds));
        } catch (IOException e) {
            throw unreadable(root.resolve(AllowList.FILE_NAME), e);
        }
    }

    /// Takes a name off the allow-list: the next start refuses it. Its files stay.
    ///
    /// @return whether it was on it
    public boolean distrust(String name) {
        checkName(name);
        try {
            return allowList.distrust(name);
        } catch (IOException e) {
            throw unreadable(root.resolve(AllowList.FILE_NAME), e);
        }
    }

    /// Takes a name off the allow-list and removes its files. Its revisions are remembered: what comes back
    /// under the name must be newer.
    ///
    /// @return whether there was such an entry
    public boolean remove(String name) {
        checkName(name);
        try {
            return allowList.exclusively(() -> {
                boolean known = allowList.distrust(name);
                Path folder = root.resolve(name);
                if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) return known;
                try (Staging stage = stage()) { // by one rename out of sight: a kill leaves no half entry
                    Files.move(folder, stage.folder().resolve(name), StandardCopyOption.ATOMIC_MOVE);
                    DurableFiles.flushDirectory(root);
                }
                return true;
            });
        } catch (IOException e) {
            throw unreadable(root.resolve(name), e);
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
        return StoreEntry.of(readManifest(name));
    }

    /// As [#show]; empty if there is no such entry.
    public Optional<StoreEntry> find(String name) {
        checkName(name);
        return Files.isDirectory(root.resolve(name), LinkOption.NOFOLLOW_LINKS)
                ? Optional.of(show(name))
                : Optional.empty();
    }

    /// Whether an entry is this one file.
    boolean holds(String name, String fileName, String sha256) {
        var files = readManifest(name).files();
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
        Staging.sweep(staging());
        if (!Files.isDirectory(root)) return;
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(root)) {
            var names = new ArrayList<String>();
            for (Path folder : folders) names.add(String.valueOf(folder.getFileName()));
            names.sort(null);
            for (String name : names) {
                if (!isName(name)) continue;
                try {
                    entries.add(show(name));
                } catch (ArtifactException e) {
                    refused.add(e);
                }
            }
        } catch (IOException e) {
            throw unreadable(root, e);
        }
    }

    /// As [#add(Path, String, Vouch)] on the operator's word.
    public StoreEntry add(Path source, String name) {
        return add(source, name, Vouch.OPERATOR);
    }

    /// Turns a local GGUF file or safetensors folder into a store entry with a manifest, and puts it on the
    /// allow-list. The files are copied, then checked where they will stay. Adding the same bytes again under
    /// the same name changes nothing but who vouches for them.
    ///
    /// @throws ArtifactException if the files or their signature are refused, or the name is taken by
    ///     other files
    public StoreEntry add(Path source, String name, Vouch vouch) {
        checkName(name);
        try {
            Path real = real(source);
            Map<String, Path> files = sourceFiles(real);
            requireStatedBase(name, files, vouch.base());
            Optional<Verifier.Signed> signed = signed(files, vouch, time.now());
            Verifier.preview(files);
            try (Staging stage = copied(files)) {
                if (vouch.signature().isPresent())
                    DurableFiles.replace(
                            entryIn(stage).resolve(SIGNATURE),
                            small(vouch.signature().get(), SignatureBundle.BYTES_MAX));
                return publish(
                        stage,
                        new Publication(
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
            throw unreadable(source, e);
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

    /// A stage with copies of these files, mode 0400.
    private Staging copied(Map<String, Path> files) throws IOException {
        long bytes = 0;
        for (Path file : files.values()) bytes += Files.size(file);
        DurableFiles.privateDirectory(root);
        checkSpace(root, bytes);
        Staging stage = stage();
        try {
            Path target = DurableFiles.privateDirectory(stagedFiles(stage));
            for (Map.Entry<String, Path> file : files.entrySet()) {
                Path copy = target.resolve(file.getKey());
                if (file.getKey().equals(FolderPolicy.POOLING))
                    DurableFiles.privateDirectory(Objects.requireNonNull(copy.getParent()));
                Files.copy(file.getValue(), copy, LinkOption.NOFOLLOW_LINKS);
                Files.setPosixFilePermissions(copy, OWNER_READS);
            }
            return stage;
        } catch (IOException | RuntimeException e) {
            stage.close();
            throw e;
        }
    }

    /// The signature that a model must carry by `vouch`, checked as far as it can be without the files; empty
    /// if none is needed.
    private static Optional<Verifier.Signed> signed(Map<String, Path> files, Vouch vouch, Instant now)
            throws IOException {
        if (vouch.signer().isEmpty()) return Optional.empty();
        Signer signer = vouch.signer().get();
        Path inside = files.get(SIGNATURE);
        if (vouch.signature().isEmpty() && inside == null)
            throw Refusals.trust(
                    "the model is not signed: it has no '%s', its signer must be %s: name the signature",
                    SIGNATURE, signer.id());
        Path bundle = vouch.signature().orElse(inside);
        var signature =
                ModelSignature.check(small(Objects.requireNonNull(bundle), SignatureBundle.BYTES_MAX), signer, now);
        return Optional.of(new Verifier.Signed(signature, vouch.signature().isPresent() ? "" : SIGNATURE));
    }

    /// A stage of this store, for bytes on their way in.
    Staging stage() throws IOException {
        DurableFiles.privateDirectory(root);
        Staging.sweep(staging());
        return Staging.create(staging());
    }

    /// Where the files of the entry in the making go; what lies beside it in the stage is dropped with the
    /// stage.
    static Path stagedFiles(Staging stage) {
        return entryIn(stage).resolve(FILES);
    }

    private static Path entryIn(Staging stage) {
        return stage.folder().resolve("entry");
    }

    private Path staging() {
        return root.resolve(".staging");
    }

    /// What an entry in the making becomes.
    ///
    /// @param source a note for people
    /// @param during `add` or `pull`
    /// @param quantization that it must have; none: what its files say
    /// @param base of an adapter, by its digest
    record Publication(
            String name,
            String source,
            String during,
            Signer signer,
            OptionalLong revision,
            Optional<Quantization> quantization,
            Optional<String> base) {}

    /// Checks the staged files, puts them on the allow-list and makes them an entry. What is refused goes to the
    /// quarantine.
    StoreEntry publish(Staging stage, Publication what, Optional<Verifier.Signed> signed) throws IOException {
        Path files = stagedFiles(stage);
        Path entry = entryIn(stage);
        String name = what.name();
        Map<String, Path> staged = ModelFiles.list(files);
        for (Path file : staged.values()) {
            Files.setPosixFilePermissions(file, OWNER_READS);
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
        Manifest manifest;
        Quantization quantization;
        try (VerifiedArtifact artifact = Verifier.admit(name, staged, what.source(), time.now(), signed)) {
            manifest = artifact.manifest();
            what.quantization().ifPresent(artifact::requireQuantization);
            quantization = artifact.quantization();
        } catch (ArtifactException e) {
            quarantine(entry, name, what.during(), e);
            throw e;
        }
        DurableFiles.replace(entry.resolve(Manifest.FILE_NAME), manifest.toJson());
        DurableFiles.flushDirectory(files);
        // The list first: a kill between the two leaves a name that allows these bytes and has none yet.
        return allowList.exclusively(() -> {
            boolean taken = Files.exists(root.resolve(name), LinkOption.NOFOLLOW_LINKS);
            StoreEntry made = taken ? sameOrRefused(name, manifest) : StoreEntry.of(manifest);
            allowList.trust(
                    name, manifest.digest(), what.signer(), what.revision(), quantization, what.base(), time.now());
            Path signature = entry.resolve(SIGNATURE);
            if (taken && Files.exists(signature))
                DurableFiles.replace(root.resolve(name).resolve(SIGNATURE), Files.readAllBytes(signature));
            if (!taken) Files.move(entry, root.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            DurableFiles.flushDirectory(root);
            return made;
        });
    }

    /// Sets something of this store aside, unless the check was only interrupted.
    void quarantine(Path refused, String name, String during, ArtifactException why) {
        if (Thread.currentThread().isInterrupted()) return;
        if (quarantine.take(refused, name, during, why, time.now())) listener.setAside(name, during, why.rule());
    }

    /// Allows what the catalogue pins and the store has.
    void trustCatalogue(StoreEntry present) {
        Optional<TrustEntry> trusted = trusted(present.name());
        if (trusted.isPresent()
                && trusted.get().digest().equals(present.digest())
                && trusted.get().quantization().isPresent()) return;
        try (VerifiedArtifact artifact = openEntry(readManifest(present.name()), Optional.empty(), false, "pull")) {
            grant(artifact, Signer.CATALOGUE);
        }
    }

    private StoreEntry sameOrRefused(String name, Manifest manifest) {
        StoreEntry present = show(name);
        if (!present.digest().equals(manifest.digest()))
            throw Refusals.files(
                    "model name '%s' is taken by other files: choose another name, or 'redoubt models remove %s' first",
                    name, name);
        return present;
    }

    /// @param signed which the files must match too; where they do not, though they are those of the
    ///     manifest, it is the signature that is wrong, and the entry stays where it is
    private VerifiedArtifact openEntry(
            Manifest manifest, Optional<Verifier.Signed> signed, boolean deep, String during) {
        String name = manifest.name();
        VerifiedArtifact artifact;
        try {
            refuseWhatIsBeside(name);
            artifact =
                    Verifier.open(manifest, ModelFiles.list(root.resolve(name).resolve(FILES)), deep);
        } catch (ArtifactException e) {
            quarantine(root.resolve(name), name, during, e);
            throw e;
        } catch (IOException e) {
            throw unreadable(root.resolve(name), e);
        }
        try {
            signed.ifPresent(artifact::requireSigned);
            return artifact;
        } catch (RuntimeException e) {
            artifact.close();
            throw e;
        }
    }

    private void refuseWhatIsBeside(String name) throws IOException {
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(root.resolve(name))) {
            for (Path part : parts) {
                String found = String.valueOf(part.getFileName());
                if (!found.equals(FILES) && !found.equals(Manifest.FILE_NAME) && !found.equals(SIGNATURE))
                    throw Refusals.files("model '%s' has '%s', which is extra: remove it", name, Refusals.shown(found));
            }
        }
    }

    /// The signature of an entry whose signer signs: beside its files, or among them.
    private Optional<Verifier.Signed> storedSignature(String name, Signer signer) {
        if (!signer.signs()) return Optional.empty();
        Path beside = root.resolve(name).resolve(SIGNATURE);
        Path among = root.resolve(name).resolve(FILES).resolve(SIGNATURE);
        boolean separate = Files.exists(beside, LinkOption.NOFOLLOW_LINKS);
        if (!separate && !Files.exists(among, LinkOption.NOFOLLOW_LINKS))
            throw Refusals.trust(
                    "model '%s' is not signed, its signer must be %s: redoubt models trust %s --signer FILE --signature FILE",
                    name, signer.id(), name);
        try {
            byte[] bundle = small(separate ? beside : among, SignatureBundle.BYTES_MAX);
            return Optional.of(
                    new Verifier.Signed(ModelSignature.check(bundle, signer, time.now()), separate ? "" : SIGNATURE));
        } catch (IOException e) {
            throw unreadable(root.resolve(name), e);
        }
    }

    /// The manifest of an entry; one that was changed sends the entry to the quarantine.
    private Manifest manifest(String name, String during) {
        try {
            return readManifest(name);
        } catch (ArtifactException e) {
            if (isName(name) && Files.isDirectory(root.resolve(name), LinkOption.NOFOLLOW_LINKS))
                quarantine(root.resolve(name), name, during, e);
            throw e;
        }
    }

    private Manifest readManifest(String name) {
        checkName(name);
        Path folder = root.resolve(name);
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS))
            throw Refusals.files(
                    "model '%s' is not in the store: 'redoubt models pull' or 'add' brings it there", name);
        Path file = folder.resolve(Manifest.FILE_NAME);
        try {
            return Manifest.parse(name, small(file, Manifest.BYTES_MAX));
        } catch (NoSuchFileException e) {
            throw Refusals.files("manifest of '%s' is missing: remove the folder and add the model again", name);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /// A file that is read whole, not through a link.
    private static byte[] small(Path file, int bytesMax) throws IOException {
        try (var channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            if (channel.size() > bytesMax)
                throw Refusals.files(
                        "file '%s' has %d bytes, limit is %d",
                        Refusals.shown(String.valueOf(file.getFileName())), channel.size(), bytesMax);
            return Channels.newInputStream(channel).readNBytes(bytesMax);
        }
    }

    static boolean isName(String name) {
        return NAME.matcher(name).matches() && !name.equals(AllowList.FILE_NAME);
    }

    /// @throws ArtifactException unless `name` can name an entry
    static void checkName(String name) {
        if (!isName(name))
            throw Refusals.files(
                    "model name '%s', allowed are 1 to 64 lower-case letters, digits and . _ -, not a dot first",
                    Refusals.shown(name));
    }

    /// @throws ArtifactException unless `bytes` and a margin fit on the disk of `folder`
    static void checkSpace(Path folder, long bytes) throws IOException {
        long free = Files.getFileStore(folder).getUsableSpace();
        if (bytes > free - DISK_MARGIN_BYTES)
            throw Refusals.files(
                    "disk of %s has %d bytes free, %d are needed with a margin of %d: free some, or set REDOUBT_HOME",
                    folder, free, bytes, DISK_MARGIN_BYTES);
    }

    /// @throws ArtifactException if there is nothing, or it was set aside
    static Path real(Path source) throws IOException {
        try {
            Path real = source.toRealPath();
            for (Path part : real)
                if (part.toString().equals(Quarantine.FOLDER))
                    throw Refusals.files(
                            "%s is in quarantine, what was refused is never loaded: use another file", real);
            return real;
        } catch (NoSuchFileException e) {
            throw Refusals.files("no model at %s: give a GGUF file or a safetensors folder", source);
        }
    }

    static Map<String, Path> sourceFiles(Path real) throws IOException {
        if (Files.isDirectory(real)) {
            Map<String, Path> files = ModelFiles.list(real);
            ModelFiles.refuseHardLinks(files);
            return files;
        }
        if (!Files.isRegularFile(real)) throw Refusals.files("%s is no regular file or folder", real);
        String name = String.valueOf(real.getFileName());
        return new TreeMap<>(Map.of(name, real));
    }

    /// A name for files that are in no store.
    static String nameFor(Path real) {
        String file = String.valueOf(real.getFileName()).toLowerCase(Locale.ROOT);
        String stem = file.endsWith(".gguf") ? file.substring(0, file.length() - 5) : file;
        String name = stem.replaceAll("[^a-z0-9._-]+", "-").replaceAll("^[^a-z0-9]+", "");
        return name.isEmpty() ? "model" : name.substring(0, Math.min(name.length(), 64));
    }

    static ArtifactException unreadable(Path path, IOException e) {
        return Refusals.files(
                "cannot use %s: %s: %s", path, e.getClass().getSimpleName(), String.valueOf(e.getMessage()));
    }
}
