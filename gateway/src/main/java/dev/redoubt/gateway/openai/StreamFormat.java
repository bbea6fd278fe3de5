package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.TokenLogprob;
import java.util.List;

/// How one route writes its answer as server-sent events, `data: {…}` and an empty line each. One object serves
/// one request.
public interface StreamFormat extends ReplyFormat {
    /// What follows the last event.
    String DONE = "data: [DONE]\n\n";

    /// The first event of a choice; writes nothing where the route has none.
    void begin(StringBuilder out, Answer answer, int index);

    /// More of a choice.
    void more(StringBuilder out, Answer answer, int index, String text, List<TokenLogprob> logprobs);

    /// The last event of a choice.
    void finish(StringBuilder out, Answer answer, int index, FinishReason reason);

    /// After all choices: the usage, where it was asked for.
    void end(StringBuilder out, Answer answer);
}
