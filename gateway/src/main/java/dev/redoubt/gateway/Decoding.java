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
import java.util.concurrent.Semaphore;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Turns bodies into plain data, strictly (R3.2), which count as memory of the request. Safe for any thread.
final class Decoding {
    /* What a body takes while it is read is up to nine times its size: bytes, characters, the text that is made of them. So no more
     * are read at once than one of full size; small ones are read on event loops, which wait for nobody. */
    static final String TENSOR_HEADER = "X-Tensor";

    private final StrictJson json;
    private final int bytesMax;
    private final Semaphore bytesLeft;

    Decoding(long bodyBytesMax) {
        this.bytesMax = Math.toIntExact(bodyBytesMax);
        this.bytesLeft = new Semaphore(bytesMax, true);
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
    /// @throws ServeException 400 if the body is not what its type says, 503 if there is no room for what it says
    JsonNode read(RequestRecord record, BodyType type, MultiMap headers, Schema schema, byte[] body) {
        return counted(record, body, () -> switch (type) {
            case JSON -> parsed(body);
            case MESSAGE_PACK -> MessagePackBody.read(body, schema);
            case SAFETENSORS -> SafetensorsBody.read(body, schema);
            case TENSOR -> tensor(headers.get(TENSOR_HEADER), body);
        });
    }

    /// The same, of JSON.
    JsonNode json(RequestRecord record, byte[] body) {
        return counted(record, body, () -> parsed(body));
    }

    private JsonNode counted(RequestRecord record, byte[] body, Supplier<JsonNode> reading) {
        int bytes = body.length <= Workers.SMALL_BODY_BYTES_MAX ? 0 : Math.min(body.length, bytesMax);
        bytesLeft.acquireUninterruptibly(bytes);
        try {
            JsonNode read = reading.get();
            record.madeOfBody(TreeBytes.of(read));
            return read;
        } finally {
            bytesLeft.release(bytes);
        }
    }

    /// `F32 1,28,28`: type and shape of the elements that are the body.
    private static JsonNode tensor(@Nullable String header, byte[] body) {
        String[] words = header == null ? new String[0] : header.strip().split(" ", 2);
        if (words.length == 0) throw ServeException.ofField(ErrorCode.MISSING_FIELD, TENSOR_HEADER, TENSOR_HEADER);
        return TensorBody.read(words[0], words.length == 1 ? "" : words[1].strip(), body)
                .node();
    }

    private JsonNode parsed(byte[] body) {
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
