package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.TokenLogprob;
import java.util.List;

/// How one route writes its answer, whole or as a stream of chunks. One object serves one request.
public interface ReplyFormat {
    /// The body of a whole reply.
    String whole(Answer answer);

    /// The first chunk of a choice; writes nothing where the route has none.
    void begin(StringBuilder out, Answer answer, int index);

    /// More of a choice.
    void more(StringBuilder out, Answer answer, int index, String text, List<TokenLogprob> logprobs);

    /// The last chunk of a choice.
    void finish(StringBuilder out, Answer answer, int index, FinishReason reason);

    /// After all choices: the usage, where it was asked for.
    void end(StringBuilder out, Answer answer);

    /// As OpenAI writes it.
    static String wire(FinishReason reason) {
        return switch (reason) {
            case STOP -> "stop";
            case LENGTH -> "length";
            case CANCELLED, DEADLINE, ERROR -> "error";
        };
    }
}
