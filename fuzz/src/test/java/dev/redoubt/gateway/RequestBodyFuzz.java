package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.gateway.openai.GenerationFields;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// A request body becomes a call or an error of the closed table, never a fault of ours (R3.2, R3.4, V5.1).
public final class RequestBodyFuzz {
    private static final StrictJson JSON = new StrictJson(JsonLimits.REQUEST);
    private static final GenerationFields FIELDS = new GenerationFields(RequestLimits.DEFAULT);
    private static final List<Decoder> DECODERS = List.of(
            body -> FIELDS.chat(FIELDS.chatTable().decode("", body)),
            body -> FIELDS.completion(FIELDS.completionTable().decode("", body)),
            body -> FIELDS.generate(FIELDS.generateTable().decode("", body)));

    private interface Decoder {
        void decode(JsonNode body);
    }

    private RequestBodyFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        JsonNode body;
        try {
            body = JSON.parse(input);
        } catch (JsonRefusal refused) {
            return;
        }
        for (Decoder decoder : DECODERS) decode(decoder, body);
    }

    private static void decode(Decoder decoder, JsonNode body) {
        try {
            decoder.decode(body);
        } catch (ServeException refused) {
            if (refused.code() == ErrorCode.INTERNAL) throw refused;
        }
    }
}
