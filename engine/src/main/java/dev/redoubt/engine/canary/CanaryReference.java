package dev.redoubt.engine.canary;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.kernels.Arithmetic;
import dev.redoubt.trust.ArtifactException;
import java.time.DateTimeException;
import java.time.Instant;
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
        ArrayNode logprobs = root.putArray("logprob_bits");
        for (float logprob : reading.logprobs()) logprobs.add(Float.floatToRawIntBits(logprob));
        ArrayNode top1 = root.putArray("top1");
        for (int id : reading.top1()) top1.add(id);
        root.put("answer", reading.answer());
        return JsonMapper.shared().writeValueAsBytes(root);
    }

    /// @throws ArtifactException V6.2, if it is not what [#toJson] writes
    public static CanaryReference parse(byte[] json) {
        try {
            JsonNode root = new StrictJson(LIMITS).parse(json);
            if (!Set.copyOf(root.propertyNames()).equals(FIELDS)) throw damaged("its fields");
            int[] bits = integers(root, "logprob_bits");
            float[] logprobs = new float[bits.length];
            for (int i = 0; i < bits.length; i++) logprobs[i] = Float.intBitsToFloat(bits[i]);
            CanaryReading reading = new CanaryReading(
                    text(root, "kv_format"),
                    integer(root.path("text_tokens"), "text_tokens"),
                    integers(root, "ids"),
                    logprobs,
                    integers(root, "top1"),
                    text(root, "answer"));
            if (reading.ids().length != bits.length + 1 || reading.top1().length != bits.length)
                throw damaged("their lengths");
            return new CanaryReference(
                    text(root, "digest"),
                    integer(root.path("arithmetic"), "arithmetic"),
                    Instant.parse(text(root, "made_at")),
                    reading);
        } catch (JsonRefusal | DateTimeException e) {
            throw damaged(String.valueOf(e.getMessage()));
        }
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
