package dev.redoubt.engine.model;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.engine.model.Pooling.Mode;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// What a folder in the layout of sentence-transformers says of what follows the encoder (`modules.json`,
/// `1_Pooling/config.json`, `sentence_bert_config.json`, `config_sentence_transformers.json`), or a GGUF file.
///
/// @param tokensMax of a text, where the model has fewer than its encoder
record SentenceLayout(Pooling pooling, OptionalInt tokensMax) {
    /* Nothing is guessed: a folder without these files does not say how its vectors are made, and a module, a way of pooling or a setting
     * that is not known would make other ones. */
    private static final String MODULES = "modules.json";
    private static final String POOLING = "1_Pooling/config.json";
    private static final String TYPES = "sentence_transformers.models.";
    private static final List<String> PLAIN = List.of("Transformer", "Pooling");
    private static final List<String> UNIT_LENGTH = List.of("Transformer", "Pooling", "Normalize");
    private static final List<String> PATHS = List.of("", "1_Pooling", "2_Normalize");
    private static final String FIRST = "pooling_mode_cls_token";
    private static final String MEAN = "pooling_mode_mean_tokens";
    private static final Set<String> OTHER_MODES = Set.of(
            "pooling_mode_max_tokens",
            "pooling_mode_mean_sqrt_len_tokens",
            "pooling_mode_weightedmean_tokens",
            "pooling_mode_lasttoken");
    private static final String SIZE = "word_embedding_dimension";
    private static final String INCLUDE_PROMPT = "include_prompt"; // counts with prompts only, which we refuse

    /// Of a GGUF file, whose texts may be as long as its encoder's.
    ///
    /// @throws ArtifactException if it does not say how it pools, or says what is not known
    static SentenceLayout of(GgufConfig file) {
        return new SentenceLayout(file.pooling(), OptionalInt.empty());
    }

    /// @throws ArtifactException naming what is missing, unknown or wrong
    static SentenceLayout of(VerifiedArtifact artifact, EncoderPlan plan) {
        boolean unitLength = modules(artifact);
        return new SentenceLayout(new Pooling(mode(artifact, plan), unitLength), tokensMax(artifact, plan));
    }

    /// @return whether vectors get unit length
    private static boolean modules(VerifiedArtifact artifact) {
        JsonNode modules = parse(artifact, MODULES)
                .orElseThrow(() -> ConfigSource.refusal("modules.json is missing: an encoder's folder must say, in the"
                        + " layout of sentence-transformers, how its states become one vector, nothing is guessed"));
        List<String> types = modules.valueStream()
                .map(module -> module.path("type").asString(""))
                .map(type -> type.startsWith(TYPES) ? type.substring(TYPES.length()) : type)
                .toList();
        if (!modules.isArray() || !types.equals(PLAIN) && !types.equals(UNIT_LENGTH))
            throw ConfigSource.refusal("modules.json has the modules " + ConfigSource.quote(String.join(", ", types))
                    + ", supported are Transformer and Pooling, and Normalize after them: this model cannot be served");
        for (int i = 0; i < types.size(); i++) {
            String path = modules.get(i).path("path").asString("none");
            if (!path.equals(PATHS.get(i)))
                throw ConfigSource.refusal("'path' of module " + i + " in modules.json is " + ConfigSource.quote(path)
                        + ", expected is '" + PATHS.get(i) + "'");
        }
        return types.equals(UNIT_LENGTH);
    }

    private static Mode mode(VerifiedArtifact artifact, EncoderPlan plan) {
        JsonNode pooling = parse(artifact, POOLING)
                .orElseThrow(() -> ConfigSource.refusal(POOLING + " is missing: modules.json names it"));
        pooling.properties().forEach(setting -> {
            String name = setting.getKey();
            if (name.equals(SIZE)) return;
            if (!name.equals(FIRST)
                    && !name.equals(MEAN)
                    && !name.equals(INCLUDE_PROMPT)
                    && !OTHER_MODES.contains(name))
                throw ConfigSource.refusal(ConfigSource.quote(name) + " in " + POOLING
                        + " is no setting that is known: this model cannot be served");
            if (!setting.getValue().isBoolean())
                throw ConfigSource.refusal("'" + name + "' in " + POOLING + " must be a boolean");
            if (OTHER_MODES.contains(name) && setting.getValue().booleanValue())
                throw ConfigSource.refusal("'" + name + "' in " + POOLING + " is true, supported are '" + FIRST
                        + "' and '" + MEAN + "': this model cannot be served");
        });
        JsonNode size = pooling.path(SIZE);
        if (!size.isIntegralNumber() || !size.canConvertToInt() || size.intValue() != plan.hiddenSize())
            throw ConfigSource.refusal("'" + SIZE + "' in " + POOLING + " is " + ConfigSource.quote(size.toString())
                    + ", the hidden size is " + plan.hiddenSize());
        boolean first = pooling.path(FIRST).asBoolean(false);
        if (first == pooling.path(MEAN).asBoolean(false))
            throw ConfigSource.refusal(
                    "'" + FIRST + "' and '" + MEAN + "' in " + POOLING + " are both " + first + ", one must be true");
        return first ? Mode.FIRST : Mode.MEAN;
    }

    private static OptionalInt tokensMax(VerifiedArtifact artifact, EncoderPlan plan) {
        JsonNode prompt = parse(artifact, "config_sentence_transformers.json")
                .orElse(JsonNodeFactory.instance.objectNode())
                .path("default_prompt_name");
        if (!prompt.isMissingNode() && !prompt.isNull())
            throw ConfigSource.refusal("'default_prompt_name' in config_sentence_transformers.json is "
                    + ConfigSource.quote(prompt.toString()) + ", supported is null: this model cannot be served");
        JsonNode settings = parse(artifact, "sentence_bert_config.json").orElse(JsonNodeFactory.instance.objectNode());
        if (settings.path("do_lower_case").asBoolean(false))
            throw ConfigSource.refusal("'do_lower_case' in sentence_bert_config.json is true, supported is false:"
                    + " the tokenizer's normalizer says it");
        JsonNode length = settings.path("max_seq_length");
        if (length.isMissingNode() || length.isNull()) return OptionalInt.empty();
        if (!length.isIntegralNumber()
                || !length.canConvertToInt()
                || length.intValue() < 1
                || length.intValue() > plan.positions())
            throw ConfigSource.refusal("'max_seq_length' in sentence_bert_config.json is "
                    + ConfigSource.quote(length.toString()) + ", allowed is 1 to " + plan.positions());
        return OptionalInt.of(length.intValue());
    }

    private static Optional<JsonNode> parse(VerifiedArtifact artifact, String file) {
        return artifact.file(file).map(text -> {
            try {
                return new StrictJson(JsonLimits.MODEL_FILE).parse(text);
            } catch (JsonRefusal e) {
                throw ConfigSource.refusal(file + " is not valid JSON");
            }
        });
    }
}
