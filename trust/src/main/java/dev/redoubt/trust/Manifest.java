package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What a store entry must consist of: every file with its size and SHA-256, and where they came from.
///
/// @param name of the entry
/// @param files by name, sorted
/// @param source where the bytes came from, for people
record Manifest(
        String name, Container container, SequencedMap<String, FileFact> files, String source, Instant addedAt) {
    /* The digest covers version, container and files, so that the same bytes have the same digest on every
     * machine and at any time: that is what an allow-list can pin. Name, source and time are notes.
     * Canonical bytes: one JSON object without white space, fields and files in the order below, sorted by
     * name; names are plain ASCII, so no escape is ever needed. */
    static final String FILE_NAME = "manifest.json";
    static final int BYTES_MAX = 1 << 20;
    private static final JsonLimits LIMITS = new JsonLimits(BYTES_MAX, 4, 50_000, 4_096, 64, 20);
    private static final Set<String> FIELDS =
            Set.of("version", "container", "files", "digest", "name", "source", "added_at");
    private static final int VERSION = 1;
    private static final JsonMapper JSON = new JsonMapper();

    /// @param sha256 lower-case hex
    record FileFact(long size, String sha256) {}

    Manifest {
        files = Collections.unmodifiableSequencedMap(new TreeMap<>(files));
    }

    /// Hex SHA-256 of the canonical bytes.
    String digest() {
        return Sha256.of(JSON.writeValueAsBytes(canonical()));
    }

    /// Of all files together.
    long bytes() {
        return files.values().stream().mapToLong(FileFact::size).sum();
    }

    private ObjectNode canonical() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", VERSION);
        root.put("container", word(container));
        ArrayNode list = root.putArray("files");
        files.forEach((file, fact) ->
                list.addObject().put("name", file).put("size", fact.size()).put("sha256", fact.sha256()));
        return root;
    }

    byte[] toJson() {
        ObjectNode root = canonical();
        root.put("digest", digest());
        root.put("name", name);
        root.put("source", source);
        root.put("added_at", addedAt.toString());
        return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    }

    /// @throws ArtifactException if a field is missing, unknown or malformed, or the digest is not that of the
    ///     list
    static Manifest parse(String name, byte[] text) {
        JsonNode root = JsonText.object(text, LIMITS, Refusals.FILES, "manifest of '" + name + "'");
        for (String field : root.propertyNames())
            if (!FIELDS.contains(field))
                throw malformed(name, "has the unknown field '" + StrangerText.shown(field) + "'");
        for (String field : FIELDS) if (!root.has(field)) throw malformed(name, "has no '" + field + "'");
        if (!root.required("version").isInt() || root.required("version").intValue() != VERSION)
            throw malformed(name, "is not of version " + VERSION);
        var manifest = new Manifest(
                string(name, root, "name"),
                container(name, string(name, root, "container")),
                files(name, root.required("files")),
                string(name, root, "source"),
                instant(name, string(name, root, "added_at")));
        if (!manifest.name().equals(name))
            throw malformed(name, "is that of '" + StrangerText.shown(manifest.name()) + "'");
        if (!manifest.digest().equals(string(name, root, "digest")))
            throw malformed(name, "has a digest that does not match its list");
        return manifest;
    }

    private static SequencedMap<String, FileFact> files(String name, JsonNode list) {
        if (!list.isArray() || list.isEmpty()) throw malformed(name, "lists no files");
        var files = new LinkedHashMap<String, FileFact>();
        for (JsonNode entry : list) {
            String file = string(name, entry, "name");
            String digest = string(name, entry, "sha256");
            JsonNode size = entry.path("size");
            if (!FolderPolicy.isModelFile(file))
                throw malformed(name, "lists the path '" + StrangerText.shown(file) + "'");
            if (!Sha256.isHex(digest)) throw malformed(name, "lists a digest of a wrong length or alphabet");
            if (entry.size() != 3 || !size.isIntegralNumber() || !size.canConvertToLong() || size.longValue() < 0)
                throw malformed(name, "lists a file without a valid size");
            if (files.put(file, new FileFact(size.longValue(), digest)) != null)
                throw malformed(name, "has a duplicate entry '" + file + "'");
        }
        return files;
    }

    private static String string(String name, JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isString()) throw malformed(name, "has no text '" + field + "'");
        return value.stringValue();
    }

    private static Container container(String name, String word) {
        for (Container container : Container.values()) if (word(container).equals(word)) return container;
        throw malformed(name, "names the unknown container '" + StrangerText.shown(word) + "'");
    }

    private static Instant instant(String name, String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw malformed(name, "has a time that is none");
        }
    }

    private static String word(Container container) {
        return container.name().toLowerCase(Locale.ROOT);
    }

    private static ArtifactException malformed(String name, String what) {
        return Refusals.files(
                "manifest of '%s' %s: it was changed, remove the entry and add the model again", name, what);
    }

    /// How files differ from this manifest, one phrase each.
    Map<String, String> differences(Map<String, FileFact> found) {
        var problems = new TreeMap<String, String>();
        files.forEach((file, fact) -> {
            FileFact actual = found.get(file);
            if (actual == null) problems.put(file, "'" + file + "' is missing");
            else if (actual.size() < fact.size())
                problems.put(
                        file, "'%s' is truncated: size %d, expected %d".formatted(file, actual.size(), fact.size()));
            else if (actual.size() > fact.size())
                problems.put(
                        file, "'%s' has changed: size %d, expected %d".formatted(file, actual.size(), fact.size()));
            else if (!actual.sha256().equals(fact.sha256()))
                problems.put(file, "'%s' has changed: digest mismatch%s".formatted(file, swappedWith(actual.sha256())));
        });
        for (String file : found.keySet())
            if (!files.containsKey(file))
                problems.put(file, "'" + StrangerText.shown(file) + "' is extra, the manifest does not list it");
        return problems;
    }

    private String swappedWith(String sha256) {
        return files.entrySet().stream()
                .filter(entry -> entry.getValue().sha256().equals(sha256))
                .map(entry -> ", it holds the bytes of '" + entry.getKey() + "' (swapped)")
                .findFirst()
                .orElse("");
    }
}
