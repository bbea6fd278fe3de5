package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Home;
import dev.redoubt.engine.canary.CanaryReading;
import dev.redoubt.engine.canary.CanaryReference;
import dev.redoubt.engine.canary.Judgement;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ReportKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/// The folder `canaries` of a home: what trusted runs of models gave, signed by a key of the home's own. A model's
/// references are known by its digest, so that no reference is ever another model's.
final class CanaryFolder {
    private static final String REFERENCE = "application/vnd.redoubt.canary+json";
    private static final String JUDGEMENT = "application/vnd.redoubt.judgement+json";
    private static final long BYTES_MAX = 1 << 20;

    private final Path folder;
    private final ReportKey key;

    private CanaryFolder(Path folder, ReportKey key) {
        this.folder = folder;
        this.key = key;
    }

    /// Makes folder and key where there are none.
    static CanaryFolder open(Home home) throws IOException {
        return new CanaryFolder(home.canaries(), ReportKey.in(home.canaries()));
    }

    /// What a reading is to be compared with: one of the same model, of as many tokens, with the same KV format.
    ///
    /// @throws ArtifactException V6.2, if it is not as this home has signed it
    Optional<CanaryReference> find(String digest, CanaryReading like) throws IOException {
        Optional<byte[]> envelope = read(file(digest, like));
        if (envelope.isEmpty()) return Optional.empty();
        CanaryReference reference = CanaryReference.parse(opened(envelope.get(), REFERENCE, file(digest, like)));
        if (!reference.digest().equals(digest)
                || !fileName(digest, reference.reading()).equals(fileName(digest, like)))
            throw new ArtifactException(
                    "V6.2",
                    file(digest, like)
                            + " is the reference of another model: redoubt models calibrate makes a new one");
        return Optional.of(reference);
    }

    /// In place of one that was there.
    void keep(CanaryReference reference) throws IOException {
        DurableFiles.replace(file(reference.digest(), reference.reading()), key.sign(reference.toJson(), REFERENCE));
    }

    /// Of the latest comparison of a model with its base.
    Path keep(String digest, Judgement judgement) throws IOException {
        Path file = judged(digest);
        DurableFiles.replace(file, key.sign(judgement.toJson(), JUDGEMENT));
        return file;
    }

    private Path judged(String digest) {
        return folder.resolve(digest + ".judgement.json");
    }

    private Path file(String digest, CanaryReading like) {
        return folder.resolve(fileName(digest, like));
    }

    private static String fileName(String digest, CanaryReading like) {
        return digest + "." + like.kvFormat() + "-" + like.textTokens() + "-" + like.ids().length + ".json";
    }

    private byte[] opened(byte[] envelope, String type, Path file) throws IOException {
        try {
            return key.open(envelope, type);
        } catch (ArtifactException e) {
            throw new ArtifactException(
                    "V6.2",
                    file + " is not as this home has signed it (" + e.getMessage()
                            + "): find out who changed it; redoubt models calibrate makes a new one");
        }
    }

    private static Optional<byte[]> read(Path file) throws IOException {
        try {
            if (Files.size(file) > BYTES_MAX)
                throw new ArtifactException("V6.2", file + " has over " + BYTES_MAX + " bytes: it is no reference");
            return Optional.of(Files.readAllBytes(file));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        }
    }
}
