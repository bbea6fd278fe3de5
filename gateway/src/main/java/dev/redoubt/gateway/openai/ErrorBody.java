package dev.redoubt.gateway.openai;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.Optional;

/// OpenAI's error envelope, `{"error":{"message","type","param","code"}}`, with the requirement that refuses as
/// `rule`. Its text comes from the closed table [ErrorCode] alone (R5.3).
public final class ErrorBody {
    private ErrorBody() {}

    /// @param errorId what an operator finds in the log; only where the fault is ours
    public static String of(ServeException error, Optional<String> errorId) {
        JsonWriter json = new JsonWriter().beginObject().name("error").beginObject();
        json.name("message").value(error.getMessage()).name("type").value(type(error.code()));
        json.name("param");
        error.field().ifPresentOrElse(json::value, json::nothing);
        json.name("code").value(error.code().wire());
        if (error.code().kind() != ErrorCode.Kind.INTERNAL)
            json.name("rule").value(error.code().requirement().id());
        errorId.ifPresent(id -> json.name("error_id").value(id));
        return json.endObject().endObject().toString();
    }

    static String type(ErrorCode code) {
        return switch (code.kind()) {
            case CALLER -> "invalid_request_error";
            case DENIED -> code == ErrorCode.UNAUTHENTICATED ? "authentication_error" : "permission_error";
            case CAPACITY ->
                switch (code.status()) {
                    case 429 -> "rate_limit_error";
                    case 504 -> "timeout_error";
                    default -> "overloaded_error";
                };
            case INTERNAL -> "server_error";
        };
    }
}
