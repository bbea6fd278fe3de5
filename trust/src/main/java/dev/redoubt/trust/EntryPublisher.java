package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.TimeSource;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// Makes entries of a store out of files: staged, checked where they will stay, put on the allow-list, renamed.
final class EntryPublisher {
    /* Every file is flushed to disk before the rename that publishes it; kill -9 at any moment leaves the entry
     * absent or whole, and a stage that the next use sweeps away. */
    private static final Set<PosixFilePermission> OWNER_READS = PosixFilePermissions.fromString("r--------");

    private final StoreLayout layout;
    private final StoreEntries entries;
    private final AllowList allowList;
    private final TimeSource time;

    EntryPublisher(StoreLayout layout, StoreEntries entries, AllowList allowList, TimeSource time) {
        this.layout = layout;
        this.entries = entries;
        this.allowList = allowList;
        this.time = time;
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

    /// A stage with copies of these files, mode 0400.
    Staging copied(Map<String, Path> files) throws IOException {
        long bytes = 0;
        for (Path file : files.values()) bytes += Files.size(file);
        DurableFiles.privateDirectory(layout.root());
        DiskSpace.require(layout.root(), bytes);
        Staging stage = layout.stage();
        try {
            Path target = DurableFiles.privateDirectory(StoreLayout.stagedFiles(stage));
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

    /// Checks the staged files, puts them on the allow-list and makes them an entry. What is refused goes to the
    /// quarantine.
    StoreEntry publish(Staging stage, Publication what, Optional<Verifier.Signed> signed) throws IOException {
        Path files = StoreLayout.stagedFiles(stage);
        Path entry = StoreLayout.entryIn(stage);
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
            entries.quarantine(entry, name, what.during(), e);
            throw e;
        }
        DurableFiles.replace(entry.resolve(Manifest.FILE_NAME), manifest.toJson());
        DurableFiles.flushDirectory(files);
        // The list first: a kill between the two leaves a name that allows these bytes and has none yet.
        return allowList.exclusively(() -> {
            boolean taken = Files.exists(layout.entry(name), LinkOption.NOFOLLOW_LINKS);
            Optional<StoreEntry> same = taken ? sameOrRefused(what, manifest) : Optional.empty();
            allowList.trust(
                    name, manifest.digest(), what.signer(), what.revision(), quantization, what.base(), time.now());
            Path signature = StoreLayout.signature(entry);
            if (same.isPresent() && Files.exists(signature))
                DurableFiles.replace(StoreLayout.signature(layout.entry(name)), Files.readAllBytes(signature));
            if (same.isEmpty()) rename(entry, name, taken);
            DurableFiles.flushDirectory(layout.root());
            return same.orElseGet(() -> StoreEntry.of(manifest));
        });
    }

    /// Between the two renames the name has no files; who has mapped the old ones keeps them.
    private void rename(Path entry, String name, boolean taken) throws IOException {
        if (!taken) {
            Files.move(entry, layout.entry(name), StandardCopyOption.ATOMIC_MOVE);
            return;
        }
        try (Staging old = layout.stage()) {
            Files.move(layout.entry(name), old.folder().resolve(name), StandardCopyOption.ATOMIC_MOVE);
            Files.move(entry, layout.entry(name), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /// @return the entry of these very bytes; empty if it makes way for a revision that is asked for
    private Optional<StoreEntry> sameOrRefused(Publication what, Manifest manifest) {
        StoreEntry present = StoreEntry.of(layout.manifest(what.name()));
        if (present.digest().equals(manifest.digest())) return Optional.of(present);
        if (what.revision().isPresent()) return Optional.empty(); // which must be a higher one
        throw Refusals.files(
                "model name '%s' is taken by other files: choose another name, or state a higher --revision, and these"
                        + " take their place",
                what.name());
    }
}
