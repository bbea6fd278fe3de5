package dev.redoubt.engine.tokenize;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// The files of a Hugging Face folder that say how text becomes tokens.
///
/// @param tokenizer `tokenizer.json`
/// @param tokenizerConfig `tokenizer_config.json`; an empty object where there is none
/// @param generationConfig `generation_config.json`; an empty object where there is none
/// @param config `config.json`; an empty object where there is none
record TokenizerFiles(JsonNode tokenizer, JsonNode tokenizerConfig, JsonNode generationConfig, JsonNode config) {
    static TokenizerFiles of(VerifiedArtifact artifact) {
        return of(
                artifact.file("tokenizer.json").orElseThrow(() -> GgufVocabulary.refused("tokenizer.json is missing")),
                artifact.file("tokenizer_config.json"),
                artifact.file("generation_config.json"),
                artifact.file("config.json"));
    }

    static TokenizerFiles of(
            byte[] tokenizer,
            Optional<byte[]> tokenizerConfig,
            Optional<byte[]> generationConfig,
            Optional<byte[]> config) {
        return new TokenizerFiles(
                parse("tokenizer.json", Optional.of(tokenizer)),
                parse("tokenizer_config.json", tokenizerConfig),
                parse("generation_config.json", generationConfig),
                parse("config.json", config));
    }

    private static JsonNode parse(String name, Optional<byte[]> bytes) {
        if (bytes.isEmpty()) return JsonNodeFactory.instance.objectNode();
        try {
            JsonNode node = new StrictJson(JsonLimits.MODEL_FILE).parse(bytes.get());
            if (node.isObject()) return node;
        } catch (JsonRefusal refusal) {
            String what = refusal.duplicateField().isEmpty() ? refusal.problem() : "a duplicate field or vocab entry";
            throw GgufVocabulary.refused(name + " is no valid JSON, or nests over the depth limit: " + what);
        }
        throw GgufVocabulary.refused(name + " is no JSON object");
    }
}
