package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import tools.jackson.databind.JsonNode;

/// Strict JSON with refusals that name the file.
final class JsonText {
    private JsonText() {}

    /// @param what the file or part, as messages name it
    /// @throws ArtifactException if the text breaks the grammar or a limit, or is not an object
    static JsonNode object(byte[] text, JsonLimits limits, String rule, String what) {
        JsonNode node = value(text, limits, rule, what);
        if (!node.isObject()) throw new ArtifactException(rule, what + " is not a JSON object: it must begin with {");
        return node;
    }

    /// As [#object], for a value of any type.
    static JsonNode value(byte[] text, JsonLimits limits, String rule, String what) {
        try {
            return new StrictJson(limits).parse(text);
        } catch (JsonRefusal e) {
            if (!e.duplicateField().isEmpty())
                throw new ArtifactException(
                        rule, "%s: duplicate field '%s'".formatted(what, StrangerText.shown(e.duplicateField())));
            throw new ArtifactException(
                    rule,
                    "%s is not valid JSON within its limits (%d bytes, nesting depth %d): %s"
                            .formatted(what, limits.bytesMax(), limits.depthMax(), e.getMessage()));
        }
    }
}
