package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.TokenLogprob;
import java.util.List;

/// Replies of `/generate`: `{text, finish_reason}`. The route does not stream.
public final class PlainReply implements ReplyFormat {
    @Override
    public String whole(Answer answer) {
        Answer.Choice choice = answer.choices().getFirst();
        JsonWriter json = new JsonWriter().beginObject().name("text").value(choice.text.toString());
        return json.name("finish_reason").value(ReplyFormat.wire(choice.reason)).endObject().toString();
    }

    @Override
    public void begin(StringBuilder out, Answer answer, int index) {}

    @Override
    public void more(StringBuilder out, Answer answer, int index, String text, List<TokenLogprob> logprobs) {}

    @Override
    public void finish(StringBuilder out, Answer answer, int index, FinishReason reason) {}

    @Override
    public void end(StringBuilder out, Answer answer) {}
}
