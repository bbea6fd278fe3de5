package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/// The models of one [dev.redoubt.base.Home]: each a folder with its files and a manifest of SHA-256 digests.
/// Safe for any thread and for several processes: an entry appears whole, by one rename, or not at all.
public final class ModelStore {
    /* Layout, folders mode 0700, files 0400:
     *   NAME/manifest.json      what the entry must be
     *   NAME/files/…            the model's files, flat
     *   .staging/               entries in the making, see Staging
     *   .partial/               downloads that were cut off, named by the digest they must have
     * A name cannot begin with a dot, so these never meet. Every file is flushed to disk before the rename
     * that publishes it; kill -9 at any moment leaves the entry absent or whole, and a stage that the next
     * use sweeps away. */
    private static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
    private static final String FILES = "files";
    private static final long DISK_MARGIN_BYTES = 64L << 20;

    private final Path root;
    private final TimeSource time;

    /// @param root made when first written to
    public ModelStore(Path root) {
        this(root, TimeSource.system());
    }

    ModelStore(Path root, TimeSource time) {
        this.root = root;
        this.time = time;
    }

    public Path root() {
        return root;
    }

    /// Verifies every file of an entry against its manifest, reads the containers strictly, and opens it.
    /// Values were checked when the entry was made: equal digests mean equal bytes.
    ///
    /// @throws ArtifactException if anything differs, or there is no such entry
    public VerifiedArtifact open(String name) {
        return openEntry(name, false);
    }

    /// As [#open], and repeats every check that was made when the entry was added: folder policy, strict
    /// readers, finite values.
    ///
    /// @throws ArtifactException if anything differs or is refused, or there is no such entry
    public StoreEntry verify(String name) {
        try (VerifiedArtifact artifact = openEntry(name, true)) {
            return show(artifact.name());
        }
    }

    /// Opens a GGUF file or a model folder that is in no store, after the checks of [#add], pinned to the bytes
    /// that were checked. Its name is that of the file. An entry of the store is the recommended way: only
    /// there is the next start compared with the first.
    ///
    /// @throws ArtifactException if the files are refused
    public static VerifiedArtifact openPath(Path source) {
        try {
            Path real = real(source);
            return Verifier.admit(
                    nameFor(real),
                    sourceFiles(real),
                    real.toString(),
                    TimeSource.system().now());
        } catch (IOException e) {
            throw unreadable(source, e);
        }
    }

    /// What the manifest of an entry says; its files are not read.
    ///
    /// @throws ArtifactException if there is no such entry, or its manifest was changed
    public StoreEntry show(String name) {
        return StoreEntry.of(manifest(name));
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
        var files = manifest(name).files();
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
                if (!NAME.matcher(name).matches()) continue;
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

    /// Turns a local GGUF file or safetensors folder into a store entry with a manifest. The files are copied,
    /// then checked where they will stay. Adding the same bytes again under the same name changes nothing.
    ///
    /// @throws ArtifactException if the files are refused, or the name is taken by other files
    public StoreEntry add(Path source, String name) {
        checkName(name);
        try {
            Path real = real(source);
            Map<String, Path> files = sourceFiles(real);
            Verifier.preview(files);
            long bytes = 0;
            for (Path file : files.values()) bytes += Files.size(file);
            DurableFiles.privateDirectory(root);
            checkSpace(root, bytes);
            try (Staging stage = stage()) {
                Path target = DurableFiles.privateDirectory(stagedFiles(stage));
                for (Map.Entry<String, Path> file : files.entrySet())
                    Files.copy(file.getValue(), target.resolve(file.getKey()), LinkOption.NOFOLLOW_LINKS);
                return publish(stage, name, real.toString());
            }
        } catch (IOException e) {
            throw unreadable(source, e);
        }
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
        return stage.folder().resolve("entry").resolve(FILES);
    }

    private Path staging() {
        return root.resolve(".staging");
    }

    /// Checks the staged files and makes them the entry `name`.
    StoreEntry publish(Staging stage, String name, String source) throws IOException {
        Path files = stagedFiles(stage);
        Path entry = Objects.requireNonNull(files.getParent());
        Map<String, Path> staged = ModelFiles.list(files);
        for (Path file : staged.values()) {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--------"));
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
        Manifest manifest;
        try (VerifiedArtifact artifact = Verifier.admit(name, staged, source, time.now())) {
            manifest = artifact.manifest();
        }
        DurableFiles.replace(entry.resolve(Manifest.FILE_NAME), manifest.toJson());
        DurableFiles.flushDirectory(files);
        try {
            Files.move(entry, root.resolve(name), StandardCopyOption.ATOMIC_MOVE);
            DurableFiles.flushDirectory(root);
        } catch (FileSystemException taken) { // the rename of a folder onto one with content fails
            if (!Files.exists(root.resolve(name), LinkOption.NOFOLLOW_LINKS)) throw taken;
            return sameOrRefused(name, manifest);
        }
        return StoreEntry.of(manifest);
    }

    private StoreEntry sameOrRefused(String name, Manifest manifest) {
        StoreEntry present = show(name);
        if (!present.digest().equals(manifest.digest()))
            throw Refusals.files(
                    "model name '%s' is taken by other files: choose another name, or remove the folder %s",
                    name, root.resolve(name));
        return present;
    }

    private VerifiedArtifact openEntry(String name, boolean deep) {
        Manifest manifest = manifest(name);
        try {
            try (DirectoryStream<Path> parts = Files.newDirectoryStream(root.resolve(name))) {
                for (Path part : parts) {
                    String found = String.valueOf(part.getFileName());
                    if (!found.equals(FILES) && !found.equals(Manifest.FILE_NAME))
                        throw Refusals.files(
                                "model '%s' has '%s', which is extra: remove it", name, Refusals.shown(found));
                }
            }
            return Verifier.open(manifest, ModelFiles.list(root.resolve(name).resolve(FILES)), deep);
        } catch (IOException e) {
            throw unreadable(root.resolve(name), e);
        }
    }

    private Manifest manifest(String name) {
        checkName(name);
        Path folder = root.resolve(name);
        if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS))
            throw Refusals.files(
                    "model '%s' is not in the store: 'redoubt models pull' or 'add' brings it there", name);
        Path file = folder.resolve(Manifest.FILE_NAME);
        try (var channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            if (channel.size() > Manifest.BYTES_MAX)
                throw Refusals.files(
                        "manifest of '%s' has %d bytes, limit is %d", name, channel.size(), Manifest.BYTES_MAX);
            return Manifest.parse(name, Channels.newInputStream(channel).readAllBytes());
        } catch (NoSuchFileException e) {
            throw Refusals.files("manifest of '%s' is missing: remove the folder and add the model again", name);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /// @throws ArtifactException unless `name` can name an entry
    static void checkName(String name) {
        if (!NAME.matcher(name).matches())
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

    private static Path real(Path source) throws IOException {
        try {
            return source.toRealPath();
        } catch (NoSuchFileException e) {
            throw Refusals.files("no model at %s: give a GGUF file or a safetensors folder", source);
        }
    }

    private static Map<String, Path> sourceFiles(Path real) throws IOException {
        if (Files.isDirectory(real)) return ModelFiles.list(real);
        if (!Files.isRegularFile(real)) throw Refusals.files("%s is no regular file or folder", real);
        String name = String.valueOf(real.getFileName());
        return new TreeMap<>(Map.of(name, real));
    }

    /// A name for files that are in no store.
    private static String nameFor(Path real) {
        String file = String.valueOf(real.getFileName()).toLowerCase(Locale.ROOT);
        String stem = file.endsWith(".gguf") ? file.substring(0, file.length() - 5) : file;
        String name = stem.replaceAll("[^a-z0-9._-]+", "-").replaceAll("^[^a-z0-9]+", "");
        return name.isEmpty() ? "model" : name.substring(0, Math.min(name.length(), 64));
    }

    private static ArtifactException unreadable(Path path, IOException e) {
        return Refusals.files(
                "cannot use %s: %s: %s", path, e.getClass().getSimpleName(), String.valueOf(e.getMessage()));
    }
}
