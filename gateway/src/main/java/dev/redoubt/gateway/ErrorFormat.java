package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.openai.ErrorBody;
import dev.redoubt.gateway.openai.JsonWriter;
import java.util.Optional;

/// How a listener words its refusals; the text is the closed table's either way (R5.3).
enum ErrorFormat {
    /// OpenAI's envelope, for the data port.
    OPENAI("application/json") {
        @Override
        String body(ServeException error, Optional<String> errorId) {
            return ErrorBody.of(error, errorId);
        }
    },
    /// RFC 9457, for administration.
    PROBLEM("application/problem+json") {
        @Override
        String body(ServeException error, Optional<String> errorId) {
            JsonWriter json = problem(error);
            error.field().ifPresent(field -> json.name("param").value(field));
            errorId.ifPresent(id -> json.name("error_id").value(id));
            return json.endObject().toString();
        }
    };

    private final String contentType;

    ErrorFormat(String contentType) {
        this.contentType = contentType;
    }

    String contentType() {
        return contentType;
    }

    /// What every problem says; its object is open still.
    static JsonWriter problem(ServeException error) {
        JsonWriter json = new JsonWriter().beginObject();
        json.name("type").value("urn:redoubt:error:" + error.code().wire());
        json.name("title").value(error.code().wire().replace('_', ' '));
        json.name("status").value(error.code().status()).name("detail").value(error.getMessage());
        json.name("code").value(error.code().wire());
        if (error.code().kind() != ErrorCode.Kind.INTERNAL)
            json.name("rule").value(error.code().requirement().id());
        return json;
    }

    abstract String body(ServeException error, Optional<String> errorId);
}
