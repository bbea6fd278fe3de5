package dev.redoubt.cli.evidence;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Requirement;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.TrustEntry;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// What the readers of this build refuse, and what allows the model that is served. The server is not asked: it has
/// loaded its model long ago, by the same readers.
final class ModelProbes {
    private static final byte[] PICKLE = "cposix\nsystem\n(S'id'\ntR.".getBytes(StandardCharsets.US_ASCII);

    private final Target target;
    private final Optional<String> served;
    private final ModelStore store;
    private final Path scratch;

    /// @param served the model as the server calls it; empty: it serves none
    /// @param scratch a folder of its own, on the disk of the models
    ModelProbes(Target target, Optional<String> served, Path scratch) {
        this.target = target;
        this.served = served;
        this.store = new ModelStore(target.home().models());
        this.scratch = scratch;
    }

    List<Probe> all() {
        return List.of(
                new Probe(
                        List.of(Requirement.R1_6),
                        "opened a model folder with a pickle named README.md",
                        "refused by R1.6",
                        this::pickle),
                new Probe(
                        List.of(Requirement.V4_1),
                        "looked up the served model in the allow-list",
                        "an entry with digest and signer",
                        () -> stored(this::allowed)),
                new Probe(
                        List.of(Requirement.V4_2),
                        "copied the served model, changed one bit and opened the copy",
                        "refused by V4.2, naming the file",
                        () -> stored(this::tampered)));
    }

    private Seen pickle() throws IOException {
        Path folder = Files.createDirectories(scratch.resolve("pickled"));
        Files.write(folder.resolve("README.md"), PICKLE);
        try {
            ModelPath.open(folder).close();
            return Seen.failed("opened");
        } catch (ArtifactException e) {
            return Seen.passedIf(e.rule().equals(Requirement.R1_6.id()), "refused by " + e.rule());
        }
    }

    private Seen allowed(String model) {
        Optional<TrustEntry> entry = store.trust().find(model);
        return entry.map(one -> Seen.passed(
                        "revision " + one.revision() + ", sha256:" + one.digest() + ", signer " + one.signer()))
                .orElseGet(() -> Seen.failed("no entry"));
    }

    private Seen tampered(String model) throws IOException {
        Path copy = scratch.resolve("models");
        Path entry = store.root().resolve(model);
        long bytes = store.show(model).bytes();
        if (bytes > scratch.toFile().getUsableSpace() / 2)
            return Seen.notObserved("no room for a copy of " + bytes + " bytes");
        DurableFiles.privateDirectory(copy);
        Files.copy(store.root().resolve("allow-list.json"), copy.resolve("allow-list.json"));
        try (Stream<Path> files = Files.walk(entry)) {
            for (Path file : files.toList())
                Files.copy(file, copy.resolve(store.root().relativize(file).toString()));
        }
        String changed = flip(copy.resolve(model).resolve("files"));
        try {
            new ModelStore(copy).open(model).close();
            return Seen.failed("opened, with a bit of " + changed + " changed");
        } catch (ArtifactException e) {
            boolean named = String.valueOf(e.getMessage()).contains(changed);
            return Seen.passedIf(
                    e.rule().equals(Requirement.V4_2.id()) && named,
                    "refused by " + e.rule() + (named ? ", naming " + changed : ""));
        } finally {
            DurableFiles.deleteTree(copy);
        }
    }

    /// One bit in the middle of the largest file.
    private static String flip(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            Path largest = files.max(
                            Comparator.comparingLong(file -> file.toFile().length()))
                    .orElseThrow(() -> new IOException("the model has no files"));
            Files.setPosixFilePermissions(largest, PosixFilePermissions.fromString("rw-------"));
            try (RandomAccessFile file = new RandomAccessFile(largest.toFile(), "rw")) {
                file.seek(file.length() / 2);
                int before = file.read();
                file.seek(file.length() / 2);
                file.write(before ^ 1);
            }
            Files.setPosixFilePermissions(largest, PosixFilePermissions.fromString("r--------"));
            return String.valueOf(largest.getFileName());
        }
    }

    private Seen stored(Look look) throws IOException {
        if (served.isEmpty()) return Seen.notApplicable(Evidence.NO_MODEL);
        String model = served.get();
        if (!model.matches("[a-z0-9][a-z0-9._-]{0,63}") || store.find(model).isEmpty())
            return Seen.notObserved(
                    "the model is no entry of the store in " + target.home().models());
        return look.at(model);
    }

    private interface Look {
        Seen at(String model) throws IOException;
    }
}
