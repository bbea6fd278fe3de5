package dev.redoubt.engine.model;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.trust.ArtifactException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// A `config.json` as transformers writes it, in both spellings: `rope_theta` and `rope_scaling` beside the
/// sizes, or both inside
/// `rope_parameters`; `torch_dtype` or `dtype`. `null` counts as absent, and what is absent has the default of
/// transformers'
/// `LlamaConfig`.
final class HuggingFaceConfig implements ConfigSource {
    private static final Set<String> DTYPES = Set.of("float32", "float16", "bfloat16", "float64");

    private final JsonNode root;
    private final JsonNode rope; // what describes the rotary embedding, whatever the spelling; may be missing
    private final String ropeName;
    private final String architecture;

    /// @throws ArtifactException if the text is not one JSON object that names one architecture
    HuggingFaceConfig(byte[] text) {
        try {
            this.root = new StrictJson(JsonLimits.MODEL_FILE).parse(text);
        } catch (JsonRefusal e) {
            String problem = e.duplicateField().isEmpty()
                    ? e.getMessage()
                    : "duplicate field " + ConfigSource.quote(e.duplicateField());
            throw ConfigSource.refusal("config.json is not valid JSON (depth at most "
                    + JsonLimits.MODEL_FILE.depthMax() + "): " + problem);
        }
        if (!root.isObject()) throw ConfigSource.refusal("config.json is not a JSON object");
        JsonNode architectures = root.path("architectures");
        if (!architectures.isArray()
                || architectures.size() != 1
                || !architectures.get(0).isString())
            throw ConfigSource.refusal("'architectures' in config.json must be a list of one architecture's name");
        this.architecture = architectures.get(0).stringValue();
        this.ropeName = present(root, "rope_parameters") == null ? "rope_scaling" : "rope_parameters";
        this.rope = root.path(ropeName);
        if (present(root, ropeName) != null && !rope.isObject())
            throw ConfigSource.refusal("'" + ropeName + "' in config.json must be an object");
    }

    @Override
    public String architecture() {
        return architecture;
    }

    @Override
    public String name(ConfigKey key) {
        return "'" + key.huggingFace + "' in config.json";
    }

    @Override
    public OptionalLong integer(ConfigKey key) {
        JsonNode value = present(root, key.huggingFace);
        return value == null ? OptionalLong.empty() : OptionalLong.of(integer(key.huggingFace, value));
    }

    @Override
    public OptionalDouble number(ConfigKey key) {
        OptionalDouble inRope = key == ConfigKey.ROPE_BASE ? number(rope, key.huggingFace) : OptionalDouble.empty();
        return inRope.isPresent() ? inRope : number(root, key.huggingFace);
    }

    @Override
    public Map<String, Long> tokenIds() {
        Map<String, Long> result = new TreeMap<>();
        for (String name : List.of("bos_token_id", "eos_token_id")) {
            JsonNode value = present(root, name);
            if (value == null) continue;
            if (!value.isArray()) result.put("'" + name + "' in config.json", integer(name, value));
            else
                for (int i = 0; i < value.size(); i++)
                    result.put("'" + name + "[" + i + "]' in config.json", integer(name, value.get(i)));
        }
        return result;
    }

    @Override
    public Optional<Boolean> tiedHead() {
        return Optional.of(bool("tie_word_embeddings"));
    }

    @Override
    public RopeScaling ropeScaling() {
        String type = string(rope, "rope_type").or(() -> string(rope, "type")).orElse("default");
        return switch (type) {
            case "default" -> new RopeScaling.None();
            case "linear" -> new RopeScaling.Linear(inRope("factor", 1, 1e6));
            case "dynamic" -> {
                inRope("factor", 1, 1e6);
                yield new RopeScaling.Dynamic();
            }
            case "llama3" -> {
                double low = inRope("low_freq_factor", 1e-3, 1e6);
                double high = inRope("high_freq_factor", 1e-3, 1e6);
                if (low >= high)
                    throw ConfigSource.refusal("'low_freq_factor' is " + low + " in '" + ropeName
                            + "' of config.json, must be below 'high_freq_factor', which is " + high);
                double original = inRope("original_max_position_embeddings", 1, 1 << 24);
                yield new RopeScaling.Llama3(inRope("factor", 1, 1e6), low, high, original);
            }
            case "yarn" -> yarn();
            default ->
                throw ConfigSource.refusal(
                        "'rope_type' in '" + ropeName + "' of config.json is " + ConfigSource.quote(type)
                                + ", supported are default, linear, dynamic, llama3, yarn: this model cannot be served");
        };
    }

    private RopeScaling yarn() {
        double factor = inRope("factor", 1, 1e6);
        double original = number(rope, "original_max_position_embeddings").isPresent()
                ? inRope("original_max_position_embeddings", 1, 1 << 24)
                : number(ConfigKey.CONTEXT_TOKENS).orElse(1);
        double mscale = number(rope, "mscale").orElse(0);
        double mscaleAllDimensions = number(rope, "mscale_all_dim").orElse(0);
        double attention = mscale != 0 && mscaleAllDimensions != 0
                ? RopeScaling.Yarn.usualAttentionFactor(factor, mscale)
                        / RopeScaling.Yarn.usualAttentionFactor(factor, mscaleAllDimensions)
                : RopeScaling.Yarn.usualAttentionFactor(factor, 1);
        JsonNode truncate = rope.path("truncate");
        return new RopeScaling.Yarn(
                factor,
                original,
                number(rope, "beta_fast").orElse(32),
                number(rope, "beta_slow").orElse(1),
                !truncate.isBoolean() || truncate.booleanValue(),
                number(rope, "attention_factor").orElse(attention));
    }

    @Override
    public void refuseOtherComputations(int headDimension, int contextTokensMax) {
        String activation = string(root, "hidden_act").orElse("silu");
        requireNeutral(activation.equals("silu") || activation.equals("swish"), "hidden_act", "silu");
        requireNeutral(!bool("attention_bias"), "attention_bias", "false");
        requireNeutral(!bool("mlp_bias"), "mlp_bias", "false");
        for (JsonNode at : List.of(root, rope))
            requireNeutral(number(at, "partial_rotary_factor").orElse(1) == 1, "partial_rotary_factor", "1");
        // Mistral's computation is Llama's as long as no text is longer than its window.
        JsonNode window = present(root, "sliding_window");
        requireNeutral(
                window == null || integer("sliding_window", window) >= contextTokensMax,
                "sliding_window",
                "null, or at least max_position_embeddings");
        JsonNode layerTypes = root.path("layer_types");
        for (int i = 0; i < layerTypes.size(); i++)
            requireNeutral("full_attention".equals(layerTypes.get(i).asString("")), "layer_types", "full_attention");
        String dtype =
                string(root, "dtype").or(() -> string(root, "torch_dtype")).orElse("float32");
        if (!DTYPES.contains(dtype)) // the tensors' own types are what counts; this only has to be sane
        throw ConfigSource.refusal("'dtype' in config.json is " + ConfigSource.quote(dtype)
                + ", supported are float32, float16, bfloat16: this model cannot be served");
    }

    private void requireNeutral(boolean holds, String name, String supported) {
        if (!holds)
            throw ConfigSource.refusal("'" + name + "' in config.json is "
                    + ConfigSource.quote(root.path(name).toString()) + ", supported is " + supported
                    + ": this model cannot be served");
    }

    private double inRope(String name, double low, double high) {
        OptionalDouble value = number(rope, name);
        if (value.isEmpty())
            throw ConfigSource.refusal("'" + name + "' is missing in '" + ropeName + "' of config.json");
        if (!(value.getAsDouble() >= low && value.getAsDouble() <= high))
            throw ConfigSource.refusal("'" + name + "' in '" + ropeName + "' of config.json is " + value.getAsDouble()
                    + ", allowed is " + low + " to " + high);
        return value.getAsDouble();
    }

    private boolean bool(String name) {
        JsonNode value = present(root, name);
        if (value == null) return false;
        if (!value.isBoolean()) throw wrongType(name, "a boolean");
        return value.booleanValue();
    }

    private static long integer(String name, JsonNode value) {
        if (!value.isIntegralNumber() || !value.canConvertToLong()) throw wrongType(name, "an integer");
        return value.longValue();
    }

    private static OptionalDouble number(JsonNode parent, String name) {
        JsonNode value = present(parent, name);
        if (value == null) return OptionalDouble.empty();
        double number = value.isNumber() ? value.doubleValueOpt().orElse(Double.NaN) : Double.NaN;
        if (!Double.isFinite(number)) throw wrongType(name, "a finite number");
        return OptionalDouble.of(number);
    }

    private static Optional<String> string(JsonNode parent, String name) {
        JsonNode value = present(parent, name);
        if (value == null) return Optional.empty();
        if (!value.isString()) throw wrongType(name, "a string");
        return Optional.of(value.stringValue());
    }

    private static @Nullable JsonNode present(JsonNode parent, String name) {
        JsonNode value = parent.path(name);
        return value.isMissingNode() || value.isNull() ? null : value;
    }

    private static ArtifactException wrongType(String name, String type) {
        return ConfigSource.refusal("'" + name + "' in config.json must be " + type);
    }
}
