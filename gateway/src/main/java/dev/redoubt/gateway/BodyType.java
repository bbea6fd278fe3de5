package dev.redoubt.gateway;

import dev.redoubt.serve.schema.JsonBody;
import dev.redoubt.serve.schema.MessagePackBody;
import dev.redoubt.serve.schema.SafetensorsBody;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;

/// What a request body may be, by its `Content-Type`. None of them says a character set other than UTF-8.
enum BodyType {
    JSON("application/json", "(?i)application/json(?:\\s*;\\s*charset=\"?utf-8\"?)?\\s*"),
    MESSAGE_PACK("application/msgpack", "(?i)application/(?:x-|vnd\\.)?msgpack\\s*"),
    /// One tensor, little-endian and row-major, of the type and shape that `X-Tensor` states.
    TENSOR("application/octet-stream", "(?i)application/octet-stream\\s*"),
    SAFETENSORS("application/vnd.safetensors", "(?i)application/vnd\\.safetensors\\s*");

    private static final Optional<BodyType> JSON_TYPE = Optional.of(JSON);

    private final String name;
    private final Pattern pattern;

    BodyType(String name, String pattern) {
        this.name = name;
        this.pattern = Pattern.compile(pattern);
    }

    /// How it is written.
    String mediaType() {
        return name;
    }

    /// The type that an answer is written in where this one is asked for: JSON for what this one has no words for.
    BodyType answering(JsonNode output) {
        return switch (this) {
            case JSON, TENSOR -> JSON;
            case MESSAGE_PACK -> this;
            case SAFETENSORS -> SafetensorsBody.holds(output) ? this : JSON;
        };
    }

    byte[] write(JsonNode output) {
        return switch (this) {
            case JSON, TENSOR -> JsonBody.write(output);
            case MESSAGE_PACK -> MessagePackBody.write(output);
            case SAFETENSORS -> SafetensorsBody.write(output);
        };
    }

    /// All of them, for an error.
    static String names() {
        return Arrays.stream(values()).map(BodyType::mediaType).collect(Collectors.joining(" or "));
    }

    static Optional<BodyType> of(String contentType) {
        if (contentType.equals(JSON.name)) return JSON_TYPE;
        for (BodyType type : values()) if (type.pattern.matcher(contentType).matches()) return Optional.of(type);
        return Optional.empty();
    }
}
