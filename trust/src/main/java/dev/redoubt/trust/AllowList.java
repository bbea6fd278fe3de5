package dev.redoubt.trust;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.json.JsonLimits;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Which models may be loaded: name, revision, manifest digest, signer (RULES V4.1), quantization (V6.1) and,
/// of an adapter, its base. Safe for any thread and for several processes.
final class AllowList {
    /* One file, mode 0600, replaced as a whole. Each name has its grants in the order of their revisions; the last one
     * counts, its revision is the floor. Older ones are kept so that an old version that comes back under the
     * name is known for what it is (rollback), even if nobody numbered it. A distrusted name keeps its grants for
     * the same reason. Changes are made under a lock between processes (a file) and threads (a lock of this
     * class: a file lock belongs to the process). Readers take none: the file is whole at any time. */
    static final String FILE_NAME = "allow-list.json";
    private static final String LOCK_FILE = ".allow-list.lock";
    private static final int BYTES_MAX = 8 << 20;
    private static final int NAMES_MAX = 1_024;
    private static final int GRANTS_MAX = 64; // of one name; older ones are forgotten, the floor is not
    private static final int VERSION = 1;
    private static final Set<String> OLD_FIELDS_OF_GRANT =
            Set.of("revision", "digest", "signer", "signer_pem", "trusted_at");
    private static final Set<String> FIELDS_OF_BOUNDS = Set.of("mean_kl_max", "top1_min", "perplexity_ratio_max");
    private static final JsonLimits LIMITS = new JsonLimits(BYTES_MAX, 6, 2_000_000, 64 << 10, 64, 20);
    private static final ReentrantLock THREADS = new ReentrantLock();

    /// @param digest of the manifest
    /// @param quantization empty only if an older version of this product wrote the grant
    /// @param base digest of the base of an adapter; empty: it is a model
    /// @param bounds empty: those of its quantization
    record Grant(
            long revision,
            String digest,
            Signer signer,
            Optional<Quantization> quantization,
            Optional<String> base,
            Optional<QualityBounds> bounds,
            Instant trustedAt) {}

    /// @param grants oldest first, at least one
    private record Name(boolean trusted, List<Grant> grants) {
        Grant last() {
            return grants.getLast();
        }
    }

    private final Path file;

    /// @param root of the store
    AllowList(Path root) {
        this.file = root.resolve(FILE_NAME);
    }

    /// The grant that allows these bytes under this name.
    ///
    /// @throws ArtifactException V4.1, if there is none
    Grant require(String name, String digest) {
        return require(read(), name, digest);
    }

    private static Grant require(Map<String, Name> names, String name, String digest) {
        Name known = names.get(name);
        if (known == null)
            throw Refusals.trust(
                    "model '%s' is not on the allow-list, a name alone vouches for nothing: redoubt models trust %s --digest sha256:%s",
                    name, name, digest);
        if (!known.trusted())
            throw Refusals.trust(
                    "model '%s' was taken off the allow-list: redoubt models trust %s --digest sha256:%s if it is good after all",
                    name, name, digest);
        if (!known.last().digest().equals(digest))
            throw Refusals.trust(
                    "model '%s' has the digest %s, the allow-list has %s for revision %d: add the trusted files again",
                    name, digest, known.last().digest(), known.last().revision());
        if (known.last().quantization().isEmpty())
            throw Refusals.method(
                    "model '%s' states no quantization on the allow-list, nothing is guessed: redoubt models trust %s --digest sha256:%s",
                    name, name, digest);
        return known.last();
    }

    /// The grant in force; empty if there is none.
    Optional<Grant> find(String name) {
        return Optional.ofNullable(read().get(name)).filter(Name::trusted).map(Name::last);
    }

    /// The base that was stated for these bytes under this name, be it trusted or not.
    Optional<String> base(String name, String digest) {
        return Optional.ofNullable(read().get(name))
                .map(Name::last)
                .filter(last -> last.digest().equals(digest))
                .flatMap(Grant::base);
    }

    /// Whether somebody took the name off the list.
    boolean isDistrusted(String name) {
        Name known = read().get(name);
        return known != null && !known.trusted();
    }

    /// Allows these bytes under this name. Bounds that were stated for them stay.
    ///
    /// @param revision asked for; none: the one it has, or the next
    /// @throws ArtifactException if they are an older version than one that was trusted under this name
    Grant trust(
            String name,
            String digest,
            Signer signer,
            OptionalLong revision,
            Quantization quantization,
            Optional<String> base,
            Instant now)
            throws IOException {
        return change(names -> {
            Name known = names.get(name);
            List<Grant> grants = known == null ? List.of() : known.grants();
            long floor = grants.isEmpty() ? 0 : grants.getLast().revision();
            boolean same = !grants.isEmpty() && grants.getLast().digest().equals(digest);
            for (Grant old : grants)
                if (old.digest().equals(digest) && !same)
                    throw Refusals.trust(
                            "model '%s' with the digest %s is the old revision %d, the floor is %d: an old version is added under another name only",
                            name, digest, old.revision(), floor);
            long next = revision.orElse(same ? floor : floor + 1);
            if (next < 1 || next < floor || (next == floor && !same))
                throw Refusals.trust(
                        "revision %d of model '%s' is not above %d, which was trusted before: give a higher --revision",
                        next, name, floor);
            Optional<QualityBounds> bounds = same ? grants.getLast().bounds() : Optional.empty();
            var grant = new Grant(next, digest, signer, Optional.of(quantization), base, bounds, now);
            var all = new ArrayList<>(same ? grants.subList(0, grants.size() - 1) : grants);
            all.add(grant);
            if (known == null && names.size() >= NAMES_MAX)
                throw Refusals.trust("the allow-list has %d names, the limit: remove some models", NAMES_MAX);
            names.put(name, new Name(true, List.copyOf(all.subList(Math.max(0, all.size() - GRANTS_MAX), all.size()))));
            return grant;
        });
    }

    /// States bounds for the bytes that are allowed under a name.
    ///
    /// @throws ArtifactException if these are not
    Grant bound(String name, String digest, QualityBounds bounds) throws IOException {
        return change(names -> {
            Grant last = require(names, name, digest);
            var grant = new Grant(
                    last.revision(),
                    digest,
                    last.signer(),
                    last.quantization(),
                    last.base(),
                    Optional.of(bounds),
                    last.trustedAt());
            var all = new ArrayList<>(Objects.requireNonNull(names.get(name)).grants());
            all.set(all.size() - 1, grant);
            names.put(name, new Name(true, List.copyOf(all)));
            return grant;
        });
    }

    /// Takes a name off the list.
    ///
    /// @return whether it was on it
    boolean distrust(String name) throws IOException {
        return change(names -> {
            Name known = names.get(name);
            if (known == null || !known.trusted()) return false;
            names.put(name, new Name(false, known.grants()));
            return true;
        });
    }

    private interface Change<T> {
        T to(Map<String, Name> names);
    }

    private <T> T change(Change<T> change) throws IOException {
        return exclusively(() -> {
            Map<String, Name> names = read();
            T result = change.to(names);
            DurableFiles.replace(file, toJson(names));
            return result;
        });
    }

    /// What nobody else may do at the same time.
    interface Work<T> {
        T run() throws IOException;
    }

    /// Runs something while no other thread or process changes the list.
    <T> T exclusively(Work<T> work) throws IOException {
        Path folder = DurableFiles.privateDirectory(Objects.requireNonNull(file.getParent()));
        THREADS.lock();
        try {
            if (THREADS.getHoldCount() > 1) return work.run(); // this thread has the file's lock already
            try (FileChannel channel = FileChannel.open(
                            folder.resolve(LOCK_FILE),
                            Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                    FileLock lock = channel.lock()) {
                if (!lock.isValid()) throw new IOException("the lock of the allow-list was lost");
                return work.run();
            }
        } finally {
            THREADS.unlock();
        }
    }

    private Map<String, Name> read() {
        try (var channel = FileChannel.open(file, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS))) {
            for (PosixFilePermission permission : Files.getPosixFilePermissions(file, LinkOption.NOFOLLOW_LINKS))
                if (!permission.name().startsWith("OWNER_"))
                    throw Refusals.trust(
                            "the allow-list %s is open to others than its owner: see who changed it, then chmod 600",
                            file);
            if (channel.size() > BYTES_MAX)
                throw Refusals.trust("the allow-list has %d bytes, limit is %d", channel.size(), BYTES_MAX);
            return parse(Channels.newInputStream(channel).readAllBytes());
        } catch (NoSuchFileException e) {
            return new TreeMap<>();
        } catch (IOException e) {
            throw Refusals.trust("the allow-list %s cannot be read: %s", file, ModelPull.ioReason(e));
        }
    }

    private static byte[] toJson(Map<String, Name> names) {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("version", VERSION);
        ArrayNode models = root.putArray("models");
        names.forEach((name, known) -> {
            ObjectNode model = models.addObject().put("name", name).put("trusted", known.trusted());
            ArrayNode grants = model.putArray("grants");
            for (Grant grant : known.grants()) {
                ObjectNode written = grants.addObject()
                        .put("revision", grant.revision())
                        .put("digest", "sha256:" + grant.digest())
                        .put("signer", grant.signer().id())
                        .put("signer_pem", grant.signer().pem())
                        .put("trusted_at", grant.trustedAt().toString());
                grant.quantization().ifPresent(method -> written.put("quantization", method.word()));
                grant.base().ifPresent(base -> written.put("base", "sha256:" + base));
                grant.bounds()
                        .ifPresent(bounds -> written.putObject("quality")
                                .put("mean_kl_max", bounds.meanKlMax())
                                .put("top1_min", bounds.top1Min())
                                .put("perplexity_ratio_max", bounds.perplexityRatioMax()));
            }
        });
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    }

    private static Map<String, Name> parse(byte[] text) {
        JsonNode root = JsonText.object(text, LIMITS, Refusals.TRUST, "the allow-list");
        fields(root, Set.of("version", "models"));
        if (!root.path("version").isInt()
                || root.path("version").intValue() != VERSION
                || !root.path("models").isArray()) throw malformed("is not of version " + VERSION);
        var names = new TreeMap<String, Name>();
        for (JsonNode model : root.path("models")) {
            fields(model, Set.of("name", "trusted", "grants"));
            String name = text(model, "name");
            if (!ModelName.isValid(name)) throw malformed("has a name that no model can have");
            if (!model.path("trusted").isBoolean()) throw malformed("has no true or false 'trusted'");
            var known = new Name(model.path("trusted").booleanValue(), grants(model.path("grants")));
            if (names.put(name, known) != null) throw malformed("has the name '" + name + "' twice");
        }
        return names;
    }

    private static List<Grant> grants(JsonNode list) {
        if (!list.isArray() || list.isEmpty() || list.size() > GRANTS_MAX)
            throw malformed("has a name with no grants, or more than " + GRANTS_MAX);
        var grants = new ArrayList<Grant>();
        for (JsonNode grant : list) {
            boolean states = grant.has("quantization");
            boolean adapter = grant.has("base");
            boolean bounded = grant.has("quality");
            var expected = new HashSet<>(OLD_FIELDS_OF_GRANT);
            if (states || adapter || bounded) expected.add("quantization");
            if (adapter) expected.add("base");
            if (bounded) expected.add("quality");
            fields(grant, expected);
            JsonNode revision = grant.path("revision");
            String digest = digest(grant, "digest");
            long floor = grants.isEmpty() ? 0 : grants.getLast().revision();
            if (!revision.isIntegralNumber() || !revision.canConvertToLong() || revision.longValue() <= floor)
                throw malformed("has revisions that do not rise");
            grants.add(new Grant(
                    revision.longValue(),
                    digest,
                    Signer.of(text(grant, "signer"), text(grant, "signer_pem")),
                    states ? Optional.of(quantization(text(grant, "quantization"))) : Optional.empty(),
                    adapter ? Optional.of(digest(grant, "base")) : Optional.empty(),
                    bounded ? Optional.of(bounds(grant.path("quality"))) : Optional.empty(),
                    instant(text(grant, "trusted_at"))));
        }
        return List.copyOf(grants);
    }

    private static String digest(JsonNode grant, String field) {
        String digest = text(grant, field).replaceFirst("^sha256:", "");
        if (!Sha256.isHex(digest)) throw malformed("has a digest of a wrong length or alphabet");
        return digest;
    }

    private static Quantization quantization(String word) {
        return Quantization.of(word).orElseThrow(() -> malformed("has a quantization that is none"));
    }

    private static QualityBounds bounds(JsonNode quality) {
        fields(quality, FIELDS_OF_BOUNDS);
        for (String field : FIELDS_OF_BOUNDS)
            if (!quality.path(field).isNumber()) throw malformed("has no number '" + field + "'");
        try {
            return new QualityBounds(
                    quality.path("mean_kl_max").doubleValue(),
                    quality.path("top1_min").doubleValue(),
                    quality.path("perplexity_ratio_max").doubleValue());
        } catch (IllegalArgumentException e) {
            throw malformed("has bounds of quality that bound nothing");
        }
    }

    private static Instant instant(String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw malformed("has a time that is none");
        }
    }

    private static String text(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isString()) throw malformed("has no text '" + field + "'");
        return value.stringValue();
    }

    private static void fields(JsonNode node, Set<String> expected) {
        if (!node.isObject() || !Set.copyOf(node.propertyNames()).equals(expected))
            throw malformed(
                    "has fields other than " + expected.stream().sorted().toList());
    }

    private static ArtifactException malformed(String what) {
        return Refusals.trust("the allow-list %s: it was changed by hand, restore it or trust the models again", what);
    }
}
