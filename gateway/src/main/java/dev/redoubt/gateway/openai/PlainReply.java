package dev.redoubt.gateway.openai;

/// Replies of `/generate`: `{text, finish_reason}`. The route does not stream.
public final class PlainReply implements ReplyFormat {
    @Override
    public String whole(Answer answer) {
        Answer.Choice choice = answer.choices().getFirst();
        JsonWriter json = new JsonWriter().beginObject().name("text").value(choice.text.toString());
        return json.name("finish_reason")
                .value(ReplyFormat.wire(choice.reason))
                .endObject()
                .toString();
    }
}
