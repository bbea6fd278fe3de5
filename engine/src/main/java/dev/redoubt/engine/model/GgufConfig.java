package dev.redoubt.engine.model;

import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.GgufMetadata;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.IntStream;

/// The configuration in the metadata of a GGUF file.
final class GgufConfig implements ConfigSource {
    /// Keys of other computations than the plain one, each with the value that changes nothing.
    private static final Map<String, Double> NEUTRAL = Map.ofEntries(
            Map.entry("expert_count", 0.0),
            Map.entry("expert_shared_count", 0.0),
            Map.entry("expert_group_count", 0.0),
            Map.entry("attention.sliding_window", 0.0),
            Map.entry("attention.scale", 0.0),
            Map.entry("attention.clamp_kqv", 0.0),
            Map.entry("attention.max_alibi_bias", 0.0),
            Map.entry("attn_logit_softcapping", 0.0),
            Map.entry("final_logit_softcapping", 0.0),
            Map.entry("logit_scale", 1.0),
            Map.entry("embedding_scale", 1.0),
            Map.entry("residual_scale", 1.0));

    private static final int MEAN = 1; // llama.cpp's numbers of ways to pool
    private static final int FIRST = 2;

    private static final List<String> TOKEN_ID_KEYS =
            List.of("tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id");

    private final GgufMetadata metadata;
    private final String architecture;

    /// @throws ArtifactException if the file names no architecture
    GgufConfig(GgufMetadata metadata) {
        this.metadata = metadata;
        this.architecture = metadata.string("general.architecture")
                .orElseThrow(() ->
                        ConfigSource.refusal("general.architecture is missing: the file must name its architecture"));
    }

    @Override
    public String architecture() {
        return architecture;
    }

    @Override
    public String name(ConfigKey key) {
        return key.gguf.startsWith("tokenizer.") ? key.gguf : architecture + "." + key.gguf;
    }

    @Override
    public boolean has(ConfigKey key) {
        return !key.gguf.isEmpty() && metadata.number(name(key)).isPresent();
    }

    @Override
    public OptionalLong integer(ConfigKey key) {
        OptionalLong value = key.gguf.isEmpty() ? OptionalLong.empty() : metadata.integer(name(key));
        boolean noWindow = key == ConfigKey.SLIDING_WINDOW && value.orElse(1) == 0; // how Phi 4's files say it
        return noWindow ? OptionalLong.empty() : value;
    }

    @Override
    public Optional<Boolean> flag(ConfigKey key) {
        return Optional.empty();
    }

    @Override
    public Optional<List<Long>> integers(ConfigKey key) {
        return Optional.empty();
    }

    @Override
    public Optional<List<Boolean>> windowedLayers(int layers) {
        String key = architecture + ".attention.sliding_window_pattern";
        if (!metadata.values().containsKey(key)) return Optional.empty();
        long every = metadata.integer(key).orElse(0); // the last of so many layers sees everything
        if (every < 1 || every > ModelConfig.LAYERS_MAX)
            throw ConfigSource.refusal(key + " is " + (every == 0 ? "no count" : every) + ", allowed is 1 to "
                    + ModelConfig.LAYERS_MAX + ": this model cannot be served");
        return Optional.of(IntStream.range(0, layers)
                .mapToObj(layer -> layer % every < every - 1)
                .toList());
    }

    @Override
    public OptionalDouble number(ConfigKey key) {
        OptionalDouble value = key.gguf.isEmpty() ? OptionalDouble.empty() : finite(name(key));
        if (value.isEmpty() && (key == ConfigKey.NORM_EPSILON || key == ConfigKey.LAYER_NORM_EPSILON))
            throw ConfigSource.refusal(name(key) + " is missing: the architecture needs it");
        return value;
    }

    @Override
    public Map<String, Long> tokenIds() {
        Map<String, Long> result = new TreeMap<>();
        for (String key : TOKEN_ID_KEYS) metadata.integer(key).ifPresent(id -> result.put(key, id));
        metadata.strings("tokenizer.ggml.tokens")
                .ifPresent(tokens -> result.put("the last id of tokenizer.ggml.tokens", tokens.size() - 1L));
        return result;
    }

    @Override
    public Optional<Boolean> tiedHead(boolean whereAbsent) {
        return Optional.empty();
    }

    /// A file that states no base means llama.cpp's, whatever the family's own is.
    @Override
    public Rope rope(double baseWhereAbsent) {
        double base = number(ConfigKey.ROPE_BASE).orElse(10_000);
        return Rope.read(this, ConfigKey.ROPE_BASE, base, ropeScaling());
    }

    @Override
    public Rope localRope(double baseWhereAbsent) {
        double base = number(ConfigKey.ROPE_LOCAL_BASE).orElse(baseWhereAbsent);
        return Rope.read(this, ConfigKey.ROPE_LOCAL_BASE, base, new RopeScaling.None());
    }

    private RopeScaling ropeScaling() {
        String prefix = architecture + ".rope.";
        String type = metadata.string(prefix + "scaling.type").orElse("");
        double factor = finite(prefix + "scaling.factor")
                .orElse(finite(prefix + "scale_linear").orElse(1));
        if (!(factor >= 1 && factor <= 1e6))
            throw ConfigSource.refusal(prefix + "scaling.factor is " + factor + ", allowed is 1 to 1000000");
        return switch (type) {
            case "", "linear" -> factor == 1 ? storedFactors(prefix) : new RopeScaling.Linear(factor);
            case "none" -> new RopeScaling.None();
            case "yarn" -> {
                double original = originalContext(prefix);
                double attention = finite(prefix + "scaling.attn_factor").orElse(1);
                yield new RopeScaling.Yarn(
                        factor,
                        original,
                        finite(prefix + "scaling.yarn_beta_fast").orElse(32),
                        finite(prefix + "scaling.yarn_beta_slow").orElse(1),
                        true,
                        attention * RopeScaling.Yarn.usualAttentionFactor(factor, 1));
            }
            default ->
                throw ConfigSource.refusal(prefix + "scaling.type is " + ConfigSource.quote(type)
                        + ", supported are none, linear, yarn: this model cannot be served");
        };
    }

    /// Frequencies divided by what stands in tensors, where the attention factor of it is named.
    private RopeScaling storedFactors(String prefix) {
        OptionalDouble attention = finite(prefix + "scaling.attn_factor");
        if (attention.isEmpty()) return new RopeScaling.None();
        double original = originalContext(prefix);
        boolean stretched = integer(ConfigKey.CONTEXT_TOKENS).orElse(0) > original;
        return stretched ? new RopeScaling.StoredLongRope(original, attention.getAsDouble()) : new RopeScaling.None();
    }

    private double originalContext(String prefix) {
        double original = finite(prefix + "scaling.original_context_length").orElse(0);
        if (!(original >= 1 && original <= 1 << 24))
            throw ConfigSource.refusal(
                    prefix + "scaling.original_context_length is " + original + ", allowed is 1 to 16777216");
        return original;
    }

    /// The gate function is the architecture's own here.
    @Override
    public void refuseOtherComputations(Computed computed) {
        requireHeadDimension("rope.dimension_count", computed.headDimension());
        requireHeadDimension("attention.value_length", computed.headDimension());
        requireCausal(true);
        requireNeutral(computed.features(), computed.contextTokensMax());
    }

    /// Refuses what an encoder does not compute.
    void requireEncoder(int headDimension, int positions) {
        requireHeadDimension("attention.key_length", headDimension);
        requireHeadDimension("attention.value_length", headDimension);
        requireCausal(false);
        requireNeutral(Set.of(), positions);
    }

    /// Absent, a row sees what is before it.
    private void requireCausal(boolean expected) {
        String causal = architecture + ".attention.causal";
        boolean value = metadata.bool(causal).orElse(true);
        if (value != expected)
            throw ConfigSource.refusal(
                    causal + " is " + value + ", supported is " + expected + ": this model cannot be served");
    }

    /// How the states of an encoder become one vector: `pooling_type`. That vectors have unit length is the
    /// custom of those who serve such files, which cannot say it.
    Pooling pooling() {
        String key = architecture + ".pooling_type";
        long type = metadata.integer(key)
                .orElseThrow(() -> ConfigSource.refusal(
                        key + " is missing: the file must say how its states become one vector, nothing is guessed"));
        return switch (Math.clamp(type, -1, 100)) {
            case MEAN -> new Pooling(Pooling.Mode.MEAN, true);
            case FIRST -> new Pooling(Pooling.Mode.FIRST, true);
            default ->
                throw ConfigSource.refusal(key + " is " + type + ", supported are " + MEAN + " (mean) and " + FIRST
                        + " (first token): this model cannot be served");
        };
    }

    /// @param contextTokensMax a window of so many changes nothing
    private void requireNeutral(Set<ConfigKey> features, int contextTokensMax) {
        NEUTRAL.forEach((suffix, neutral) -> {
            if (features.stream().anyMatch(feature -> feature.gguf.equals(suffix))) return;
            String key = architecture + "." + suffix;
            double value = finite(key).orElse(neutral);
            boolean unusedWindow = suffix.equals(ConfigKey.SLIDING_WINDOW.gguf) && value >= contextTokensMax;
            if (value != neutral && !unusedWindow)
                throw ConfigSource.refusal(
                        key + " is " + value + ", supported is " + neutral + ": this model cannot be served");
        });
    }

    private void requireHeadDimension(String suffix, int headDimension) {
        String key = architecture + "." + suffix;
        long value = metadata.integer(key).orElse(headDimension);
        if (value != headDimension)
            throw ConfigSource.refusal(key + " is " + value + ", supported is the head dimension of " + headDimension);
    }

    private OptionalDouble finite(String key) {
        OptionalDouble value = metadata.number(key);
        if (value.isPresent() && !Double.isFinite(value.getAsDouble()))
            throw ConfigSource.refusal(key + " is " + value.getAsDouble() + ", must be finite");
        return value;
    }
}
