package dev.redoubt.trust;

import dev.redoubt.trust.Manifest.FileFact;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/// The only maker of [VerifiedArtifact].
final class Verifier {
    /* Two depths. `admit` decides about bytes nobody has vouched for: folder policy, strict readers, every value finite, and the
     * manifest that pins what was seen. `open` compares bytes with such a manifest: equal digests mean equal bytes, and those bytes have
     * passed `admit`, so policy and values need no second look; the containers are read again because their tensors are needed. Hashing
     * and scanning run side by side, a file or tensor per task. */
    private static final int THREADS_MAX = 8;

    private record Parsed(Map<String, Tensor> tensors, @Nullable GgufMetadata gguf, List<MemorySegment> padding) {}

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
        Arena arena = Arena.ofShared();
        try {
            ModelFiles mapped = ModelFiles.map(files, arena);
            FolderPolicy.check(mapped.byName());
            Container container = container(mapped);
            Parsed parsed = parse(container, mapped);
            Map<String, FileFact> facts = digestsAndScan(mapped, parsed);
            var manifest = new Manifest(name, container, new LinkedHashMap<>(facts), source, now);
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
        try {
            ModelFiles mapped = ModelFiles.map(files, arena);
            var none = new Parsed(Map.of(), null, List.of());
            Map<String, String> problems = manifest.differences(digestsAndScan(mapped, none));
            if (!problems.isEmpty())
                throw Refusals.files(
                        "model '%s' is not what its manifest says: %s: remove the entry and add the model again",
                        manifest.name(), summary(problems));
            if (deep) FolderPolicy.check(mapped.byName());
            Parsed parsed = parse(manifest.container(), mapped);
            if (deep) digestsAndScan(new ModelFiles(Map.of()), parsed);
            return new VerifiedArtifact(manifest, parsed.tensors(), parsed.gguf(), mapped, arena);
        } catch (IOException | RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static String summary(Map<String, String> problems) {
        List<String> shown = problems.values().stream().limit(8).toList();
        String more = problems.size() > shown.size() ? " and " + (problems.size() - shown.size()) + " more" : "";
        return "file " + String.join(", ", shown) + more;
    }

    private static Container container(ModelFiles files) {
        List<String> gguf = files.byName().keySet().stream().filter(name -> name.endsWith(".gguf")).toList();
        boolean safetensors = files.byName().keySet().stream().anyMatch(name -> name.endsWith(SafetensorsFolder.SUFFIX));
        if (gguf.size() > 1 || (!gguf.isEmpty() && safetensors))
            throw Refusals.files("folder has several models, %s: name the GGUF file itself or keep one model", gguf);
        return gguf.isEmpty() ? Container.SAFETENSORS : Container.GGUF;
    }

    private static Parsed parse(Container container, ModelFiles files) {
        if (container == Container.SAFETENSORS) return new Parsed(SafetensorsFolder.read(files.byName()), null, List.of());
        for (Map.Entry<String, MemorySegment> file : files.byName().entrySet()) {
            if (!file.getKey().endsWith(".gguf")) continue;
            GgufReader.Contents contents = GgufReader.read(file.getValue());
            return new Parsed(contents.tensors(), contents.metadata(), contents.padding());
        }
        throw Refusals.files("GGUF file not found in the model");
    }

    private static Map<String, FileFact> digestsAndScan(ModelFiles files, Parsed parsed) {
        int threads = Math.min(THREADS_MAX, Runtime.getRuntime().availableProcessors());
        try (ExecutorService pool = Executors.newFixedThreadPool(threads, Thread.ofPlatform().name("verify-", 0).factory())) {
            var digests = new TreeMap<String, Future<String>>();
            files.byName().forEach((name, bytes) -> digests.put(name, pool.submit(() -> Sha256.of(bytes))));
            var scans = new ArrayList<Future<?>>();
            for (Tensor tensor : parsed.tensors().values()) scans.add(pool.submit(() -> WeightScan.check(tensor)));
            for (MemorySegment padding : parsed.padding()) scans.add(pool.submit(() -> WeightScan.checkPadding(padding)));
            try {
                for (Future<?> scan : scans) result(scan);
                var facts = new TreeMap<String, FileFact>();
                for (Map.Entry<String, MemorySegment> file : files.byName().entrySet())
                    facts.put(
                            file.getKey(),
                            new FileFact(
                                    file.getValue().byteSize(),
                                    result(java.util.Objects.requireNonNull(digests.get(file.getKey())))));
                return facts;
            } finally {
                pool.shutdownNow();
            }
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
            throw new IllegalStateException("a check of the model failed", e.getCause());
        }
    }
}
