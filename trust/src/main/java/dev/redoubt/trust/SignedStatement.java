package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import java.security.MessageDigest;
import java.util.Collections;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What a model's signature is over: an in-toto statement with the digest of every file, by the predicate of
/// OpenSSF Model Signing v1.0.
///
/// @param shardBytes how files are cut into shards; 0: whole files
/// @param resources what is signed (a file, a shard of one, or `.` for a model that is one file) to hex SHA-256
/// @param ignored names that the signature does not cover
record SignedStatement(long shardBytes, SequencedMap<String, String> resources, Set<String> ignored) {
    /* The signer decides what the files are; what may be left out and how names look is our policy, whatever
     * the statement says (trap of the specification). The statement's root digest is over the digests alone,
     * so that renaming files keeps it: it is checked for consistency and used for nothing. */
    static final Set<String> GIT_NAMES = Set.of(".git", ".gitattributes", ".github", ".gitignore");
    static final String SIGNATURE_FILE = "model.sig";
    static final String WHOLE_MODEL = "."; // how a model of one file is named

    private static final String TYPE = "https://in-toto.io/Statement/v1";
    private static final String PREDICATE_TYPE = "https://model_signing/signature/v1.0";
    private static final String WHAT = "signed statement";
    private static final int RESOURCES_MAX = 100_000;
    private static final long SHARD_BYTES_MIN = 1 << 10;
    private static final JsonLimits LIMITS =
            new JsonLimits(SignatureBundle.BYTES_MAX, 8, 10 * RESOURCES_MAX, 4_096, 256, 20);

    SignedStatement {
        resources = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(resources));
        ignored = Set.copyOf(ignored);
    }

    /// @param payload of a bundle whose signature is valid
    /// @throws ArtifactException if it is no such statement, or asks for what our policy does not allow
    static SignedStatement parse(byte[] payload) {
        JsonNode root = JsonText.object(payload, LIMITS, Refusals.FILES, "payload of the signature");
        expect(root, "_type", TYPE);
        expect(root, "predicateType", PREDICATE_TYPE);
        JsonNode predicate = root.path("predicate");
        JsonNode how = predicate.path("serialization");
        if (!how.isObject()) throw refused("has no predicate.serialization");
        if (!"sha256".equals(text(how, "hash_type")))
            throw refused("has the hash_type '%s', expected is sha256", StrangerText.shown(text(how, "hash_type")));
        if (!how.path("allow_symlinks").isBoolean()
                || how.path("allow_symlinks").booleanValue())
            throw refused("allows symlinks, by our policy a model has none");
        long shardBytes = shardBytes(how);
        SequencedMap<String, String> resources = resources(predicate.path("resources"), shardBytes);
        checkRoot(root.path("subject"), resources);
        return new SignedStatement(shardBytes, resources, ignored(how.path("ignore_paths")));
    }

    private static long shardBytes(JsonNode how) {
        String method = text(how, "method");
        if (method.equals("files")) return 0;
        if (!method.equals("shards"))
            throw refused("has the method '%s', allowed are files and shards", StrangerText.shown(method));
        JsonNode size = how.path("shard_size");
        if (!size.isIntegralNumber() || !size.canConvertToLong() || size.longValue() < SHARD_BYTES_MIN)
            throw refused("has no shard_size of %d bytes or more", SHARD_BYTES_MIN);
        return size.longValue();
    }

    private static Set<String> ignored(JsonNode list) {
        var ignored = new TreeMap<String, Boolean>();
        for (JsonNode path : list) {
            String name = path.isString() ? path.stringValue() : "";
            if (!GIT_NAMES.contains(name) && !name.equals(SIGNATURE_FILE))
                throw refused(
                        "has '%s' in ignore_paths, by our policy nothing but git's own files and '%s' may be left out",
                        StrangerText.shown(name), SIGNATURE_FILE);
            ignored.put(name, true);
        }
        return ignored.keySet();
    }

    private static SequencedMap<String, String> resources(JsonNode list, long shardBytes) {
        if (!list.isArray() || list.isEmpty()) throw refused("has no resources: its manifest is empty");
        if (list.size() > RESOURCES_MAX) throw refused("has over %d resources", RESOURCES_MAX);
        String algorithm = shardBytes == 0 ? "sha256" : "sha256-sharded-" + shardBytes;
        var resources = new LinkedHashMap<String, String>();
        for (JsonNode resource : list) {
            String name = text(resource, "name");
            String digest = text(resource, "digest");
            String given = text(resource, "algorithm");
            checkName(name, shardBytes);
            if (!given.equals("sha256") && !given.equals(algorithm))
                throw refused(
                        "has the algorithm '%s' for '%s', expected is sha256",
                        StrangerText.shown(given), StrangerText.shown(name));
            if (!Sha256.isHex(digest))
                throw refused("has a digest of a wrong length or alphabet for '%s'", StrangerText.shown(name));
            if (resources.put(name, digest) != null)
                throw refused("has the duplicate entry '%s'", StrangerText.shown(name));
        }
        return resources;
    }

    private static void checkName(String name, long shardBytes) {
        if (name.equals(WHOLE_MODEL) && shardBytes == 0) return;
        String path = name;
        if (shardBytes != 0) {
            if (!name.matches("[^:]+:(0|[1-9][0-9]{0,18}):[1-9][0-9]{0,18}"))
                throw refused("has the name '%s', a shard is named FILE:START:END", StrangerText.shown(name));
            path = name.substring(0, name.indexOf(':'));
        }
        if (path.startsWith("/")) throw refused("has the absolute path '%s'", StrangerText.shown(name));
        for (String part : path.split("/", -1))
            if (!FolderPolicy.isPlainName(part))
                throw refused(
                        "has the name '%s', which is no plain path: only ASCII letters, digits and . _ + - are allowed",
                        StrangerText.shown(name));
    }

    private static void checkRoot(JsonNode subject, SequencedMap<String, String> resources) {
        if (!subject.isArray() || subject.size() != 1) throw refused("has %d subjects, expected is 1", subject.size());
        String digest = text(subject.get(0).path("digest"), "sha256");
        if (!digest.equals(rootDigest(resources.sequencedValues().stream().toList())))
            throw refused("has a subject whose digest is not that of its resources");
    }

    private static String rootDigest(List<String> digests) {
        MessageDigest hash = Sha256.start();
        for (String digest : digests) hash.update(HexFormat.of().parseHex(digest));
        return Sha256.finish(hash);
    }

    private static void expect(JsonNode root, String field, String expected) {
        String found = text(root, field);
        if (!found.equals(expected))
            throw refused("has the %s '%s', expected is '%s'", field, StrangerText.shown(found), expected);
    }

    private static String text(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isString()) throw refused("has no text '%s'", field);
        return value.stringValue();
    }

    private static ArtifactException refused(String message, Object... args) {
        return Refusals.files("the " + WHAT + " " + message + ": have the model signed again", args);
    }

    /// The bytes to sign.
    ///
    /// @param subject what the model is called, a note for people
    byte[] toJson(String subject) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("_type", TYPE);
        root.putArray("subject")
                .addObject()
                .put("name", subject)
                .putObject("digest")
                .put("sha256", rootDigest(resources.sequencedValues().stream().toList()));
        root.put("predicateType", PREDICATE_TYPE);
        ObjectNode predicate = root.putObject("predicate");
        ObjectNode how = predicate.putObject("serialization");
        how.put("method", "files").put("hash_type", "sha256").put("allow_symlinks", false);
        ArrayNode ignore = how.putArray("ignore_paths");
        ignored.stream().sorted().forEach(ignore::add);
        ArrayNode list = predicate.putArray("resources");
        resources.forEach((name, digest) ->
                list.addObject().put("name", name).put("algorithm", "sha256").put("digest", digest));
        return JsonMapper.shared().writeValueAsBytes(root);
    }

    /// How the files that the model has differ from what is signed, one phrase each.
    ///
    /// @param files every file of the model but the signature itself
    /// @param digests of whole files
    Map<String, String> differences(ModelFiles files, Map<String, String> digests) {
        var problems = new TreeMap<String, String>();
        var found = new HashMap<String, String>();
        if (shardBytes > 0) Shards.digests(files, shardBytes, found, problems);
        else found.putAll(digests);
        found.keySet().removeIf(name -> ignored.contains(fileOf(name)));
        if (resources.keySet().equals(Set.of(WHOLE_MODEL)) && found.size() == 1)
            found.put(
                    WHOLE_MODEL,
                    String.valueOf(found.remove(found.keySet().iterator().next())));
        resources.forEach((name, digest) -> {
            String actual = found.get(name);
            if (actual == null) problems.put(name, "'" + name + "' is missing");
            else if (!actual.equals(digest)) problems.put(name, "'" + name + "' has changed: digest mismatch");
        });
        for (String name : found.keySet())
            if (!resources.containsKey(name))
                problems.put(name, "'" + StrangerText.shown(name) + "' is extra, it is not in the signed manifest");
        return problems;
    }

    private String fileOf(String resource) {
        int colon = shardBytes > 0 ? resource.indexOf(':') : -1;
        return colon < 0 ? resource : resource.substring(0, colon);
    }
}
