package dev.redoubt.engine.canary;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.kernels.Arithmetic;
import dev.redoubt.trust.ArtifactException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A reading that was kept, of a model whose bytes had been verified: what later readings are compared with.
///
/// @param digest of the model, hex, see [dev.redoubt.trust.VerifiedArtifact#digest]
/// @param arithmetic as [Arithmetic#VERSION] was
public record CanaryReference(String digest, int arithmetic, Instant madeAt, CanaryReading reading) {
    private static final JsonLimits LIMITS = new JsonLimits(1 << 20, 4, 100_000, 64 << 10, 64, 20);
    private static final Set<String> FIELDS = Set.of(
            "digest", "arithmetic", "made_at", "kv_format", "text_tokens", "ids", "logprob_bits", "top1", "answer");
    private static final String VECTOR = "vector_bits"; // of a model that embeds, beside them

    /// Of this very version of the arithmetic.
    public static CanaryReference of(String digest, Instant madeAt, CanaryReading reading) {
        return new CanaryReference(digest, Arithmetic.VERSION, madeAt, reading);
    }

    /// Whether readings of this version can be compared with it.
    public boolean current() {
        return arithmetic == Arithmetic.VERSION;
    }

    /// As [#parse] reads it. Log probabilities are written as their bits.
    public byte[] toJson() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("digest", digest)
                .put("arithmetic", arithmetic)
                .put("made_at", madeAt.toString())
                .put("kv_format", reading.kvFormat())
                .put("text_tokens", reading.textTokens());
        ArrayNode ids = root.putArray("ids");
        for (int id : reading.ids()) ids.add(id);
        put(root, "logprob_bits", reading.logprobs());
        ArrayNode top1 = root.putArray("top1");
        for (int id : reading.top1()) top1.add(id);
        root.put("answer", reading.answer());
        if (reading.embeds()) put(root, VECTOR, reading.vector());
        return JsonMapper.shared().writeValueAsBytes(root);
    }

    private static void put(ObjectNode root, String field, float[] values) {
        ArrayNode bits = root.putArray(field);
        for (float value : values) bits.add(Float.floatToRawIntBits(value));
    }

    /// @throws ArtifactException V6.2, if it is not what [#toJson] writes
    public static CanaryReference parse(byte[] json) {
        try {
            JsonNode root = new StrictJson(LIMITS).parse(json);
            boolean embeds = root.has(VECTOR);
            Set<String> fields = new HashSet<>(root.propertyNames());
            fields.remove(VECTOR);
            if (!fields.equals(FIELDS)) throw damaged("its fields");
            float[] logprobs = floats(root, "logprob_bits");
            CanaryReading reading = new CanaryReading(
                    text(root, "kv_format"),
                    integer(root.path("text_tokens"), "text_tokens"),
                    integers(root, "ids"),
                    logprobs,
                    integers(root, "top1"),
                    text(root, "answer"),
                    embeds ? floats(root, VECTOR) : new float[0]);
            boolean whole = embeds
                    ? reading.embeds() && logprobs.length == 0 && reading.ids().length == reading.textTokens()
                    : reading.ids().length == logprobs.length + 1;
            if (!whole || reading.top1().length != logprobs.length) throw damaged("their lengths");
            return new CanaryReference(
                    text(root, "digest"),
                    integer(root.path("arithmetic"), "arithmetic"),
                    Instant.parse(text(root, "made_at")),
                    reading);
        } catch (JsonRefusal | DateTimeException e) {
            throw damaged(String.valueOf(e.getMessage()));
        }
    }

    private static float[] floats(JsonNode root, String field) {
        int[] bits = integers(root, field);
        float[] values = new float[bits.length];
        for (int i = 0; i < bits.length; i++) values[i] = Float.intBitsToFloat(bits[i]);
        return values;
    }

    private static int[] integers(JsonNode root, String field) {
        JsonNode list = root.path(field);
        if (!list.isArray()) throw damaged(field);
        int[] values = new int[list.size()];
        for (int i = 0; i < values.length; i++) values[i] = integer(list.get(i), field);
        return values;
    }

    private static int integer(JsonNode value, String field) {
        if (!value.isIntegralNumber() || !value.canConvertToInt()) throw damaged(field);
        return value.intValue();
    }

    private static String text(JsonNode root, String field) {
        if (!root.path(field).isString()) throw damaged(field);
        return root.path(field).stringValue();
    }

    private static ArtifactException damaged(String where) {
        return new ArtifactException(
                "V6.2",
                "the reference of the canary is not as it was written (" + where + "): calibrate the model again");
    }
}
