package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.json.JsonLimits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

/// Where refused models wait for somebody to look at them: kept as evidence, never loaded, bounded.
final class Quarantine {
    /* .quarantine/NAME-TIME/content/…    what was refused, as it was
     *                     reason.json    why
     * Only what lies in the store is moved here; a file of the user's that is refused stays where it is. A folder
     * whose name begins with a dot can be no entry, and a path that leads through one is refused. The oldest go
     * when there are too many, or when they are too large together. */
    static final String FOLDER = ".quarantine";
    static final int MODELS_MAX = 16;
    static final long BYTES_MAX = 64L << 30;
    private static final String CONTENT = "content";
    private static final String REASON = "reason.json";
    private static final JsonLimits LIMITS = new JsonLimits(64 << 10, 2, 64, 32 << 10, 64, 20);
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuuMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC);

    private final Path root;
    private final long bytesMax;

    /// @param store the store's root
    Quarantine(Path store, long bytesMax) {
        this.root = store.resolve(FOLDER);
        this.bytesMax = bytesMax;
    }

    /// Moves a file or folder of the store here. Another process may have done so already; a store that cannot be
    /// written keeps what it has: the refusal counts, not the tidiness.
    ///
    /// @param during `pull`, `add`, `verify` or `open`
    /// @return whether it is here now
    boolean take(Path refused, String name, String during, ArtifactException why, Instant now) {
        try {
            if (!Files.exists(refused, LinkOption.NOFOLLOW_LINKS)) return false;
            DurableFiles.privateDirectory(root);
            Path place = place(name, now);
            long bytes = size(refused);
            Path content = DurableFiles.privateDirectory(place).resolve(CONTENT);
            if (bytes <= bytesMax) Files.move(refused, content, StandardCopyOption.ATOMIC_MOVE);
            else if (Files.isDirectory(refused, LinkOption.NOFOLLOW_LINKS)) DurableFiles.deleteTree(refused);
            else Files.deleteIfExists(refused);
            DurableFiles.replace(
                    place.resolve(REASON),
                    JsonMapper.shared()
                            .writerWithDefaultPrettyPrinter()
                            .writeValueAsBytes(JsonNodeFactory.instance
                                    .objectNode()
                                    .put("name", name)
                                    .put("during", during)
                                    .put("rule", why.rule())
                                    .put("reason", String.valueOf(why.getMessage()))
                                    .put("at", now.toString())
                                    .put("bytes", bytes <= bytesMax ? bytes : 0)));
            prune();
            return true;
        } catch (IOException | UncheckedIOException readOnlyOrMoved) {
            return false; // said above
        }
    }

    private Path place(String name, Instant now) {
        String wanted = name + "-" + TIME.format(now);
        Path place = root.resolve(wanted);
        for (int i = 2; Files.exists(place, LinkOption.NOFOLLOW_LINKS); i++) place = root.resolve(wanted + "-" + i);
        return place;
    }

    /// The newest first.
    List<QuarantinedModel> list() {
        if (!Files.isDirectory(root, LinkOption.NOFOLLOW_LINKS)) return List.of();
        var found = new ArrayList<QuarantinedModel>();
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(root)) {
            for (Path folder : folders) read(folder).ifPresent(found::add);
        } catch (IOException e) {
            throw Refusals.unreadable(root, e);
        }
        found.sort(Comparator.comparing(QuarantinedModel::at)
                .thenComparing(QuarantinedModel::folder)
                .reversed());
        return List.copyOf(found);
    }

    private static Optional<QuarantinedModel> read(Path folder) {
        try {
            JsonNode reason = JsonText.object(
                    Files.readAllBytes(folder.resolve(REASON)), LIMITS, Refusals.FILES, "a quarantine reason");
            return Optional.of(new QuarantinedModel(
                    String.valueOf(folder.getFileName()),
                    reason.path("name").asString(""),
                    reason.path("during").asString(""),
                    reason.path("rule").asString(""),
                    reason.path("reason").asString(""),
                    Instant.parse(reason.path("at").asString("")),
                    reason.path("bytes").asLong(0)));
        } catch (IOException | ArtifactException | DateTimeException cutOff) {
            return Optional.empty(); // by a kill between move and reason: it is pruned with the rest
        }
    }

    private void prune() throws IOException {
        List<Path> newestFirst;
        try (Stream<Path> folders = Files.list(root)) {
            newestFirst = folders.sorted(Comparator.comparing(Quarantine::age)
                            .thenComparing(Path::toString)
                            .reversed())
                    .toList();
        }
        long bytes = 0;
        for (int i = 0; i < newestFirst.size(); i++) {
            bytes += size(newestFirst.get(i));
            if (i >= MODELS_MAX || bytes > bytesMax + LIMITS.bytesMax() * MODELS_MAX)
                DurableFiles.deleteTree(newestFirst.get(i));
        }
    }

    private static Instant age(Path folder) {
        return read(folder).map(QuarantinedModel::at).orElse(Instant.EPOCH);
    }

    private static long size(Path path) throws IOException {
        try (Stream<Path> walk = Files.walk(path)) {
            long bytes = 0;
            for (Path file : (Iterable<Path>) walk::iterator)
                if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) bytes += Files.size(file);
            return bytes;
        }
    }
}
