package dev.redoubt.cli;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.trust.GgufMetadata;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What a model's files say about it beside its sizes.
///
/// @param chatTemplate its source, as the files have it
record ModelFacts(Optional<String> licence, Optional<String> chatTemplate) {
    private static final JsonLimits LIMITS = new JsonLimits(16 << 20, 16, 2_000_000, 1 << 20, 4096, 64);

    static ModelFacts of(VerifiedArtifact artifact) {
        return switch (artifact.container()) {
            case GGUF -> {
                GgufMetadata metadata = artifact.gguf();
                yield new ModelFacts(metadata.string("general.license"), metadata.string("tokenizer.chat_template"));
            }
            case SAFETENSORS -> new ModelFacts(Optional.empty(), template(artifact));
        };
    }

    private static Optional<String> template(VerifiedArtifact artifact) {
        Optional<byte[]> own = artifact.file("chat_template.jinja");
        if (own.isPresent()) return own.map(bytes -> new String(bytes, StandardCharsets.UTF_8));
        return artifact.file("tokenizer_config.json").flatMap(ModelFacts::templateOf);
    }

    private static Optional<String> templateOf(byte[] config) {
        try {
            JsonNode template = new StrictJson(LIMITS).parse(config).get("chat_template");
            return template != null && template.isString() ? Optional.of(template.asString()) : Optional.empty();
        } catch (JsonRefusal e) {
            return Optional.empty(); // the engine refuses it with the reason
        }
    }
}
