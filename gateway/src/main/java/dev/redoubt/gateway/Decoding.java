package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.schema.MessagePackBody;
import dev.redoubt.serve.schema.SafetensorsBody;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.TensorBody;
import io.vertx.core.MultiMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Turns bodies into plain data, strictly (R3.2). Safe for any thread.
final class Decoding {
    static final String TENSOR_HEADER = "X-Tensor";

    private final StrictJson json;

    Decoding(long bodyBytesMax) {
        JsonLimits defaults = JsonLimits.REQUEST;
        this.json = new StrictJson(new JsonLimits(
                bodyBytesMax,
                defaults.depthMax(),
                defaults.tokensMax(),
                defaults.stringLengthMax(),
                defaults.nameLengthMax(),
                defaults.numberLengthMax()));
    }

    /// @param schema of what is read; it is not checked here
    /// @throws ServeException 400 if the body is not what its type says
    JsonNode read(BodyType type, MultiMap headers, Schema schema, byte[] body) {
        return switch (type) {
            case JSON -> json(body);
            case MESSAGE_PACK -> MessagePackBody.read(body, schema);
            case SAFETENSORS -> SafetensorsBody.read(body, schema);
            case TENSOR -> tensor(headers.get(TENSOR_HEADER), body);
        };
    }

    /// `F32 1,28,28`: type and shape of the elements that are the body.
    private static JsonNode tensor(@Nullable String header, byte[] body) {
        String[] words = header == null ? new String[0] : header.strip().split(" ", 2);
        if (words.length == 0) throw ServeException.ofField(ErrorCode.MISSING_FIELD, TENSOR_HEADER, TENSOR_HEADER);
        return TensorBody.read(words[0], words.length == 1 ? "" : words[1].strip(), body)
                .node();
    }

    /// @throws ServeException 400 if it is not JSON as we take it
    JsonNode json(byte[] body) {
        try {
            return json.parse(body);
        } catch (JsonRefusal refusal) {
            if (!refusal.duplicateField().isEmpty())
                throw ServeException.ofField(
                        ErrorCode.DUPLICATE_FIELD, refusal.duplicateField(), refusal.duplicateField());
            throw ServeException.of(ErrorCode.INVALID_JSON, refusal.problem(), refusal.line(), refusal.column());
        }
    }
}
