package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.FinishReason;

/// How one route writes its answer. One object serves one request.
public interface ReplyFormat {
    /// The body of a whole reply.
    String whole(Answer answer);

    /// As OpenAI writes it.
    static String wire(FinishReason reason) {
        return switch (reason) {
            case STOP -> "stop";
            case LENGTH -> "length";
            case CANCELLED, DEADLINE, ERROR -> "error";
        };
    }
}
