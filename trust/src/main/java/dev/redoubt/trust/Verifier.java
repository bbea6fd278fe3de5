package dev.redoubt.trust;

import dev.redoubt.trust.Manifest.FileFact;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// The only maker of [VerifiedArtifact].
final class Verifier {
    /* Two depths. `admit` decides about bytes nobody has vouched for: folder policy, strict readers, every
     * value finite, and the manifest that pins what was seen. `open` compares bytes with such a manifest:
     * equal digests mean equal bytes, and those bytes have passed `admit`, so policy and values need no
     * second look; the containers are read again because their tensors are needed. Hashing and scanning run
     * side by side, a file or tensor per task. */
    private static final int THREADS_MAX = 8;

    private record Parsed(
            Map<String, Tensor> tensors, @Nullable GgufMetadata gguf, List<MemorySegment> padding) {}

    /// A signature that was checked, to be compared with the files.
    ///
    /// @param fileName its own among the files; empty if it lies elsewhere
    record Signed(ModelSignature signature, String fileName) {}

    private Verifier() {}

    /// Refuses what can be refused without reading the weights, so that it is never copied.
    static void preview(Map<String, Path> files) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            ModelFiles mapped = ModelFiles.map(files, arena);
            FolderPolicy.check(mapped.byName());
            parse(container(mapped), mapped);
        }
    }

    /// Checks files from outside and pins what they are.
    ///
    /// @param files by name, as [ModelFiles#list] finds them
    /// @param source a note for people
    static VerifiedArtifact admit(String name, Map<String, Path> files, String source, Instant now) throws IOException {
        return admit(name, files, source, now, Optional.empty());
    }

    /// As above, for a model that must carry a signature, which is checked before anything in it is interpreted.
    static VerifiedArtifact admit(
            String name, Map<String, Path> files, String source, Instant now, Optional<Signed> signed)
            throws IOException {
        Arena arena = Arena.ofShared();
        try (var checks = new Checks()) {
            ModelFiles mapped = ModelFiles.map(files, arena);
            checks.hash(mapped);
            if (signed.isPresent())
                signed.get()
                        .signature()
                        .matches(mapped, checks.facts(), signed.get().fileName());
            FolderPolicy.check(mapped.byName());
            Container container = container(mapped);
            Parsed parsed = parse(container, mapped);
            checks.scan(parsed);
            var manifest = new Manifest(name, container, new TreeMap<>(checks.facts()), source, now);
            return new VerifiedArtifact(manifest, parsed.tensors(), parsed.gguf(), mapped, arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /// Compares files with their manifest, all of them, and opens them.
    ///
    /// @param deep also repeats every check of [#admit]
    static VerifiedArtifact open(Manifest manifest, Map<String, Path> files, boolean deep) throws IOException {
        Arena arena = Arena.ofShared();
        try (var checks = new Checks()) {
            ModelFiles mapped = ModelFiles.map(files, arena);
            checks.hash(mapped);
            Future<Parsed> parsing =
                    checks.submit(() -> parse(manifest.container(), mapped)); // strict, so it may see unverified bytes
            Map<String, String> problems = manifest.differences(checks.facts());
            if (!problems.isEmpty())
                throw Refusals.files(
                        "model '%s' is not what its manifest says: %s: remove the entry and add the model again",
                        manifest.name(), summary(problems));
            Parsed parsed = result(parsing);
            if (deep) {
                FolderPolicy.check(mapped.byName());
                checks.scan(parsed);
                checks.facts();
            }
            return new VerifiedArtifact(manifest, parsed.tensors(), parsed.gguf(), mapped, arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    static String summary(Map<String, String> problems) {
        List<String> shown = problems.values().stream().limit(8).toList();
        String more = problems.size() > shown.size() ? " and " + (problems.size() - shown.size()) + " more" : "";
        return "file " + String.join(", ", shown) + more;
    }

    private static Container container(ModelFiles files) {
        List<String> gguf = files.byName().keySet().stream()
                .filter(name -> name.endsWith(".gguf"))
                .toList();
        boolean safetensors =
                files.byName().keySet().stream().anyMatch(name -> name.endsWith(SafetensorsFolder.SUFFIX));
        if (gguf.size() > 1 || (!gguf.isEmpty() && safetensors))
            throw Refusals.files("folder has several models, %s: name the GGUF file itself or keep one model", gguf);
        return gguf.isEmpty() ? Container.SAFETENSORS : Container.GGUF;
    }

    private static Parsed parse(Container container, ModelFiles files) {
        if (container == Container.SAFETENSORS)
            return new Parsed(SafetensorsFolder.read(files.byName()), null, List.of());
        for (Map.Entry<String, MemorySegment> file : files.byName().entrySet()) {
            if (!file.getKey().endsWith(".gguf")) continue;
            GgufReader.Contents contents = GgufReader.read(file.getValue());
            return new Parsed(contents.tensors(), contents.metadata(), contents.padding());
        }
        throw Refusals.files("GGUF file not found in the model");
    }

    /// Hashing and scanning on threads of their own. Closing waits for them, so that no mapping ends under a
    /// reader.
    private static final class Checks implements AutoCloseable {
        private final ExecutorService pool = Executors.newFixedThreadPool(
                Math.min(THREADS_MAX, Math.max(2, Runtime.getRuntime().availableProcessors())),
                Thread.ofPlatform().name("verify-", 0).daemon().factory());
        private final Map<String, Long> sizes = new TreeMap<>();
        private final Map<String, Future<String>> digests = new TreeMap<>();
        private final List<Future<?>> scans = new ArrayList<>();

        <T> Future<T> submit(Callable<T> check) {
            return pool.submit(check);
        }

        void hash(ModelFiles files) {
            files.byName().forEach((name, bytes) -> {
                sizes.put(name, bytes.byteSize());
                digests.put(name, pool.submit(() -> Sha256.of(bytes)));
            });
        }

        void scan(Parsed parsed) {
            for (Tensor tensor : parsed.tensors().values()) scans.add(pool.submit(() -> WeightScan.check(tensor)));
            for (MemorySegment padding : parsed.padding())
                scans.add(pool.submit(() -> WeightScan.checkPadding(padding)));
        }

        /// What was hashed, when everything is done.
        ///
        /// @throws ArtifactException if a scan refuses
        Map<String, FileFact> facts() {
            for (Future<?> scan : scans) result(scan);
            var facts = new TreeMap<String, FileFact>();
            digests.forEach((name, digest) ->
                    facts.put(name, new FileFact(Objects.requireNonNull(sizes.get(name)), result(digest))));
            return facts;
        }

        @Override
        public void close() {
            pool.shutdownNow();
            pool.close();
        }
    }

    private static <T> T result(Future<T> task) {
        try {
            return task.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ArtifactException(Refusals.FILES, "interrupted while the model was verified: try again");
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ArtifactException refused) throw refused;
            if (e.getCause() instanceof InternalError) { // a page of the mapping is gone
                throw new ArtifactException(Refusals.FILES, "a file of the model was cut off while it was read");
            }
            throw new IllegalStateException("a check of the model failed", e.getCause());
        }
    }
}
