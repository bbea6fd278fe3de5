package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.StrangerText;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Where things lie below the root of a store, and the small files there.
final class StoreLayout {
    /* Folders mode 0700, files 0400:
     *   NAME/manifest.json      what the entry must be
     *   NAME/files/…            the model's files, flat
     *   NAME/model.sig          its signature, where that does not lie among the files
     *   allow-list.json         which digests may be loaded, and who vouches for them: see AllowList
     *   .quarantine/            what was refused: see Quarantine
     *   .staging/               entries in the making, see Staging
     *   .partial/               downloads that were cut off, named by the digest they must have
     * A name cannot begin with a dot, so these never meet. */
    static final String SIGNATURE = SignedStatement.SIGNATURE_FILE;
    private static final String FILES = "files";

    private final Path root;

    StoreLayout(Path root) {
        this.root = root;
    }

    Path root() {
        return root;
    }

    Path entry(String name) {
        return root.resolve(name);
    }

    boolean hasEntry(String name) {
        return Files.isDirectory(entry(name), LinkOption.NOFOLLOW_LINKS);
    }

    static Path files(Path entry) {
        return entry.resolve(FILES);
    }

    /// Where the signature lies that is not among the files.
    static Path signature(Path entry) {
        return entry.resolve(SIGNATURE);
    }

    /// The entry in the making; what lies beside it in the stage is dropped with the stage.
    static Path entryIn(Staging stage) {
        return stage.folder().resolve("entry");
    }

    /// Where the files of the entry in the making go.
    static Path stagedFiles(Staging stage) {
        return files(entryIn(stage));
    }

    /// A stage of this store, for bytes on their way in.
    Staging stage() throws IOException {
        DurableFiles.privateDirectory(root);
        sweep();
        return Staging.create(staging());
    }

    /// Removes what dead processes have left in the making.
    void sweep() {
        Staging.sweep(staging());
    }

    private Path staging() {
        return root.resolve(".staging");
    }

    /// What may be entries, sorted.
    List<String> names() {
        if (!Files.isDirectory(root)) return List.of();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(root)) {
            var names = new ArrayList<String>();
            for (Path folder : folders) {
                String name = String.valueOf(folder.getFileName());
                if (ModelName.isValid(name)) names.add(name);
            }
            names.sort(null);
            return names;
        } catch (IOException e) {
            throw Refusals.unreadable(root, e);
        }
    }

    /// What the manifest of an entry says.
    ///
    /// @throws ArtifactException if there is no such entry, or its manifest was changed
    Manifest manifest(String name) {
        ModelName.check(name);
        if (!hasEntry(name))
            throw Refusals.files(
                    "model '%s' is not in the store: 'redoubt models pull' or 'add' brings it there", name);
        Path file = entry(name).resolve(Manifest.FILE_NAME);
        try {
            return Manifest.parse(name, small(file, Manifest.BYTES_MAX));
        } catch (NoSuchFileException e) {
            throw Refusals.files("manifest of '%s' is missing: remove the folder and add the model again", name);
        } catch (IOException e) {
            throw Refusals.unreadable(file, e);
        }
    }

    /// @throws ArtifactException if something lies in an entry that does not belong there
    void refuseWhatIsBeside(String name) throws IOException {
        try (DirectoryStream<Path> parts = Files.newDirectoryStream(entry(name))) {
            for (Path part : parts) {
                String found = String.valueOf(part.getFileName());
                if (!found.equals(FILES) && !found.equals(Manifest.FILE_NAME) && !found.equals(SIGNATURE))
                    throw Refusals.files(
                            "model '%s' has '%s', which is extra: remove it", name, StrangerText.shown(found));
            }
        }
    }

    /// A file that is read whole, not through a link.
    static byte[] small(Path file, int bytesMax) throws IOException {
        try (var channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            if (channel.size() > bytesMax)
                throw Refusals.files(
                        "file '%s' has %d bytes, limit is %d",
                        StrangerText.shown(String.valueOf(file.getFileName())), channel.size(), bytesMax);
            return Channels.newInputStream(channel).readNBytes(bytesMax);
        }
    }
}
