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
/// sizes, or both inside `rope_parameters`, there once or for each type of layer; `torch_dtype` or `dtype`.
/// `null` counts as absent unless a family says otherwise, and what is absent has the default of transformers'
/// class for the family.
final class HuggingFaceConfig implements ConfigSource {
    private static final Set<String> DTYPES = Set.of("float32", "float16", "bfloat16", "float64");

    private final JsonNode root;
    private final JsonNode rope; // what describes the rotary embedding, whatever the spelling; may be missing
    private final JsonNode localRope; // the same of layers with a window, where the file tells them apart
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
        JsonNode all = root.path(ropeName);
        JsonNode global = all.path("full_attention");
        this.rope = global.isMissingNode() ? all : global;
        this.localRope = all.path("sliding_attention");
        for (JsonNode each : List.of(all, rope, localRope))
            if (!each.isMissingNode() && !each.isNull() && !each.isObject())
                throw ConfigSource.refusal("'" + ropeName + "' in config.json must be an object");
    }

    @Override
    public String architecture() {
        return architecture;
    }

    @Override
    public String name(ConfigKey key) {
        return "'" + spelling(key) + "' in config.json";
    }

    /// The name that the file has for a key, the newest where it has none.
    private String spelling(ConfigKey key) {
        List<String> found = key.huggingFace.stream()
                .filter(name -> present(root, name) != null)
                .toList();
        for (String name : found)
            if (!root.path(name).equals(root.path(found.get(0))))
                throw ConfigSource.refusal(
                        "'" + name + "' and '" + found.get(0) + "' in config.json contradict each other");
        return found.isEmpty() ? key.huggingFace.get(0) : found.get(0);
    }

    @Override
    public boolean has(ConfigKey key) {
        return key.huggingFace.stream().anyMatch(root::has);
    }

    @Override
    public OptionalLong integer(ConfigKey key) {
        JsonNode value = present(root, spelling(key));
        return value == null ? OptionalLong.empty() : OptionalLong.of(integer(spelling(key), value));
    }

    @Override
    public OptionalDouble number(ConfigKey key) {
        return number(root, spelling(key));
    }

    @Override
    public Optional<Boolean> flag(ConfigKey key) {
        return present(root, spelling(key)) == null ? Optional.empty() : Optional.of(bool(spelling(key)));
    }

    @Override
    public Optional<List<Long>> integers(ConfigKey key) {
        JsonNode value = present(root, spelling(key));
        if (value == null) return Optional.empty();
        if (!value.isArray() || value.size() > ModelConfig.LAYERS_MAX)
            throw wrongType(spelling(key), "a list of at most " + ModelConfig.LAYERS_MAX + " integers");
        return Optional.of(
                value.valueStream().map(each -> integer(spelling(key), each)).toList());
    }

    @Override
    public Optional<List<Boolean>> windowedLayers(int layers) {
        JsonNode types = present(root, "layer_types");
        if (types == null) return Optional.empty();
        if (!types.isArray() || types.size() != layers)
            throw ConfigSource.refusal(
                    "'layer_types' in config.json must be a list of a type for each of the " + layers + " layers");
        return Optional.of(types.valueStream()
                .map(type -> switch (type.asString("")) {
                    case "full_attention" -> false;
                    case "sliding_attention" -> true;
                    default ->
                        throw ConfigSource.refusal("'layer_types' in config.json has "
                                + ConfigSource.quote(type.toString())
                                + ", supported are full_attention, sliding_attention: this model cannot be served");
                })
                .toList());
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
    public Optional<Boolean> tiedHead(boolean whereAbsent) {
        boolean absent = present(root, "tie_word_embeddings") == null;
        return Optional.of(absent ? whereAbsent : bool("tie_word_embeddings"));
    }

    @Override
    public Rope rope(double baseWhereAbsent) {
        double base =
                number(rope, "rope_theta").orElse(number(root, "rope_theta").orElse(baseWhereAbsent));
        return Rope.read(this, ConfigKey.ROPE_BASE, base, ropeScaling());
    }

    @Override
    public Rope localRope(double baseWhereAbsent) {
        double base = number(localRope, "rope_theta")
                .orElse(number(ConfigKey.ROPE_LOCAL_BASE).orElse(baseWhereAbsent));
        String type = string(localRope, "rope_type").orElse("default");
        if (!type.equals("default"))
            throw ConfigSource.refusal("'rope_type' of sliding_attention in '" + ropeName + "' of config.json is "
                    + ConfigSource.quote(type) + ", supported is default: this model cannot be served");
        return Rope.read(this, ConfigKey.ROPE_LOCAL_BASE, base, new RopeScaling.None());
    }

    private RopeScaling ropeScaling() {
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
            case "longrope", "su" -> longRope();
            default ->
                throw ConfigSource.refusal(
                        "'rope_type' in '" + ropeName + "' of config.json is " + ConfigSource.quote(type)
                                + ", supported are default, linear, dynamic, llama3, yarn, longrope: this model cannot be served");
        };
    }

    private RopeScaling longRope() {
        for (String other : List.of("short_mscale", "long_mscale"))
            if (present(rope, other) != null)
                throw ConfigSource.refusal("'" + other + "' in '" + ropeName
                        + "' of config.json has no meaning here: this model cannot be served");
        JsonNode parent = present(rope, "original_max_position_embeddings") == null ? root : rope;
        double original = number(parent, "original_max_position_embeddings").orElse(0);
        if (!(original > 1 && original <= 1 << 24))
            throw ConfigSource.refusal("'original_max_position_embeddings' in config.json is " + original
                    + ", allowed is above 1, at most 16777216");
        double factor = number(ConfigKey.CONTEXT_TOKENS).orElse(original) / original;
        double attention = factor <= 1 ? 1 : Math.sqrt(1 + StrictMath.log(factor) / StrictMath.log(original));
        return new RopeScaling.LongRope(
                factors("short_factor"),
                factors("long_factor"),
                original,
                number(rope, "attention_factor").orElse(attention));
    }

    private List<Double> factors(String name) {
        JsonNode list = rope.path(name);
        boolean sound = list.isArray() && list.size() <= 512;
        List<Double> result = !sound
                ? List.of()
                : list.valueStream()
                        .map(each -> each.isNumber() ? each.doubleValueOpt().orElse(Double.NaN) : Double.NaN)
                        .toList();
        if (!sound || result.stream().anyMatch(each -> !(each > 0 && each <= 1e6)))
            throw ConfigSource.refusal("'" + name + "' in '" + ropeName
                    + "' of config.json must be a list of at most 512 numbers above 0, at most 1000000");
        return result;
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
    public void refuseOtherComputations(Computed computed) {
        List<String> activations = switch (computed.gate()) {
            case SILU -> List.of("silu", "swish");
            case GELU_TANH -> List.of("gelu_pytorch_tanh");
        };
        for (String name : List.of("hidden_act", "hidden_activation"))
            requireNeutral(
                    activations.contains(string(root, name).orElse(activations.get(0))), name, activations.get(0));
        for (String name : List.of("attention_bias", "mlp_bias", "use_bidirectional_attention"))
            requireNeutral(!bool(name), name, "false");
        for (JsonNode at : List.of(root, rope, localRope))
            requireNeutral(number(at, "partial_rotary_factor").orElse(1) == 1, "partial_rotary_factor", "1");
        Set<ConfigKey> features = computed.features();
        if (!features.contains(ConfigKey.ROPE_LOCAL_BASE))
            requireNeutral(localRope.isMissingNode(), ropeName, "one for all layers");
        if (!features.contains(ConfigKey.SLIDING_WINDOW)) refuseWindows(computed.contextTokensMax());
        for (ConfigKey key : List.of(ConfigKey.SCORE_CAP, ConfigKey.LOGIT_CAP, ConfigKey.EXPERTS))
            if (!features.contains(key)) requireNeutral(number(key).orElse(0) == 0, spelling(key), "absent");
        if (!features.contains(ConfigKey.NO_ROPE_LAYERS))
            requireNeutral(!has(ConfigKey.NO_ROPE_LAYERS), spelling(ConfigKey.NO_ROPE_LAYERS), "absent");
        String dtype =
                string(root, "dtype").or(() -> string(root, "torch_dtype")).orElse("float32");
        if (!DTYPES.contains(dtype)) // the tensors' own types are what counts; this only has to be sane
        throw ConfigSource.refusal("'dtype' in config.json is " + ConfigSource.quote(dtype)
                + ", supported are float32, float16, bfloat16: this model cannot be served");
    }

    /// Refuses a key that is there and says something else, by name.
    ///
    /// @param allowed the first is what an absent key means
    void requireText(String name, List<String> allowed) {
        requireNeutral(
                allowed.contains(string(root, name).orElse(allowed.getFirst())), name, String.join(", ", allowed));
    }

    /// Refuses a flag that is set, by name.
    void requireFalse(String name) {
        requireNeutral(!bool(name), name, "false");
    }

    /// Refuses a key that is there at all, by name.
    void requireAbsent(String name) {
        requireNeutral(present(root, name) == null, name, "absent");
    }

    private void refuseWindows(int contextTokensMax) {
        OptionalLong window = integer(ConfigKey.SLIDING_WINDOW);
        boolean unused = has(ConfigKey.USE_SLIDING_WINDOW) && !bool("use_sliding_window");
        requireNeutral(
                window.isEmpty() || window.getAsLong() >= contextTokensMax || unused,
                "sliding_window",
                "null, or at least max_position_embeddings");
        JsonNode layerTypes = root.path("layer_types");
        for (int i = 0; i < layerTypes.size(); i++)
            requireNeutral("full_attention".equals(layerTypes.get(i).asString("")), "layer_types", "full_attention");
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
