package dev.redoubt.gateway;

import dev.redoubt.serve.schema.JsonBody;
import dev.redoubt.serve.schema.MessagePackBody;
import dev.redoubt.serve.schema.SafetensorsBody;
import dev.redoubt.serve.schema.Schema;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
    private static final Set<BodyType> PLAIN = Collections.unmodifiableSet(EnumSet.of(JSON, MESSAGE_PACK));
    private static final Set<BodyType> OBJECT_OF_TENSORS =
            Collections.unmodifiableSet(EnumSet.of(JSON, MESSAGE_PACK, SAFETENSORS));

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

    /// What a value of this schema can be sent as.
    static Set<BodyType> taken(Schema input) {
        return switch (input) {
            case Schema.Box box -> EnumSet.allOf(BodyType.class);
            case Schema.Fields(List<Schema.Field> fields) when tensorsMayDo(fields) -> OBJECT_OF_TENSORS;
            case Schema.Table(Schema.Box box) -> OBJECT_OF_TENSORS;
            default -> PLAIN;
        };
    }

    private static boolean tensorsMayDo(List<Schema.Field> fields) {
        return fields.stream().anyMatch(BodyType::isTensor)
                && fields.stream().allMatch(field -> isTensor(field) || !field.required());
    }

    private static boolean isTensor(Schema.Field field) {
        return field.schema() instanceof Schema.Box;
    }

    /// What a value of this schema can be answered as.
    static Set<BodyType> given(Schema output) {
        return switch (output) {
            case Schema.Box box -> OBJECT_OF_TENSORS;
            case Schema.Fields(List<Schema.Field> fields)
            when !fields.isEmpty() && fields.stream().allMatch(BodyType::isTensor) -> OBJECT_OF_TENSORS;
            case Schema.Table(Schema.Box box) -> OBJECT_OF_TENSORS;
            default -> PLAIN;
        };
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

    /// For an error.
    static String names(Set<BodyType> types) {
        return types.stream().sorted().map(BodyType::mediaType).collect(Collectors.joining(" or "));
    }

    static Optional<BodyType> of(String contentType) {
        if (contentType.equals(JSON.name)) return JSON_TYPE;
        for (BodyType type : values()) if (type.pattern.matcher(contentType).matches()) return Optional.of(type);
        return Optional.empty();
    }
}
