package dev.redoubt.engine.model;

import dev.redoubt.trust.ArtifactException;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// An object of a configuration that says how weights are quantized. `null` counts as absent; every refusal
/// names the key, what it says and what is allowed (RULES V6.1).
///
/// @param where as messages name it
record ConfigObject(JsonNode node, String where) {
    /// @param parent of which it is a field
    static Optional<ConfigObject> of(JsonNode parent, String field, String parentName) {
        JsonNode value = parent.path(field);
        if (value.isMissingNode() || value.isNull()) return Optional.empty();
        if (!value.isObject()) throw undeclared("'" + field + "' in " + parentName + " must be an object");
        return Optional.of(new ConfigObject(value, "'" + field + "' in " + parentName));
    }

    Optional<ConfigObject> object(String field) {
        return of(node, field, where);
    }

    boolean has(String field) {
        return node.hasNonNull(field);
    }

    /// @throws ArtifactException if it is there and no string
    Optional<String> text(String field) {
        if (!has(field)) return Optional.empty();
        JsonNode value = node.path(field);
        if (!value.isString()) throw refusal(field, "a string");
        return Optional.of(value.stringValue());
    }

    /// One of `allowed`.
    String oneOf(String field, Set<String> allowed) {
        String value = text(field)
                .orElseThrow(() -> missing(
                        field,
                        "one of " + String.join(", ", allowed.stream().sorted().toList())));
        if (!allowed.contains(value))
            throw refusal(
                    field,
                    "one of " + String.join(", ", allowed.stream().sorted().toList()));
        return value;
    }

    long integer(String field, String allowed) {
        if (!has(field)) throw missing(field, allowed);
        JsonNode value = node.path(field);
        if (!value.isIntegralNumber() || !value.canConvertToLong()) throw refusal(field, allowed);
        return value.longValue();
    }

    boolean bool(String field) {
        if (!has(field)) throw missing(field, "true or false");
        if (!node.path(field).isBoolean()) throw refusal(field, "true or false");
        return node.path(field).booleanValue();
    }

    boolean bool(String field, boolean absent) {
        return has(field) ? bool(field) : absent;
    }

    /// Refuses fields that change the computation and that nobody here computes.
    ///
    /// @param neutral fields that must be absent, null, empty or what the map says
    /// @param ignored fields that say how the weights were found, not what they are
    void only(Set<String> read, Map<String, String> neutral, Set<String> ignored, String method) {
        for (Map.Entry<String, JsonNode> field : node.properties()) {
            String name = field.getKey();
            JsonNode value = field.getValue();
            if (read.contains(name) || ignored.contains(name)) continue;
            boolean empty = value.isNull() || (value.isContainer() && value.isEmpty());
            if (!neutral.containsKey(name))
                throw undeclared(ConfigSource.quote(name) + " in " + where + " is no setting of the method '" + method
                        + "': this model cannot be served");
            if (!empty && !value.toString().equals(neutral.get(name))) throw refusal(name, neutral.get(name));
        }
    }

    ArtifactException refusal(String field, String allowed) {
        return undeclared("'" + field + "' in " + where + " is "
                + ConfigSource.quote(node.path(field).toString()) + ", allowed is " + allowed
                + ": this model cannot be served");
    }

    private ArtifactException missing(String field, String allowed) {
        return undeclared(
                "'" + field + "' in " + where + " is missing, allowed is " + allowed + ": nothing is guessed");
    }

    static ArtifactException undeclared(String message) {
        return new ArtifactException("V6.1", message);
    }
}
