package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.TokenLogprob;
import java.util.List;

/// Replies of `/v1/chat/completions`.
public final class ChatReply implements StreamFormat {
    private static final String CHUNK = "chat.completion.chunk";

    private final ReplyHead head;
    private final boolean logprobs;
    private final boolean promptLogprobs;
    private final LogprobsJson shapes;

    public ChatReply(ReplyHead head, GenerationCall call) {
        this.head = head;
        this.logprobs = call.sampling().logprobs().isPresent();
        this.promptLogprobs = call.sampling().promptLogprobs().isPresent();
        this.shapes = new LogprobsJson(head.model());
    }

    @Override
    public String whole(Answer answer) {
        StringBuilder out = new StringBuilder(512);
        JsonWriter json = head.begin(out, "chat.completion").name("choices").beginArray();
        for (int index = 0; index < answer.choices().size(); index++) {
            Answer.Choice choice = answer.choices().get(index);
            json.beginObject().name("index").value(index).name("message").beginObject();
            json.name("role").value("assistant").name("content").value(choice.text.toString());
            json.name("refusal").nothing().endObject().name("logprobs");
            if (logprobs) shapes.chat(json, choice.logprobs);
            else json.nothing();
            json.name("finish_reason").value(ReplyFormat.wire(choice.reason)).endObject();
        }
        json.endArray();
        answer.writeUsage(json);
        if (promptLogprobs) shapes.prompt(json.name("prompt_logprobs"), answer.prompt(0).logprobs);
        json.endObject();
        return out.toString();
    }

    @Override
    public void begin(StringBuilder out, Answer answer, int index) {
        JsonWriter json = beginDelta(out, index);
        json.name("role").value("assistant").name("content").value("");
        endDelta(out, json, List.of(), null);
    }

    @Override
    public void more(StringBuilder out, Answer answer, int index, String text, List<TokenLogprob> some) {
        JsonWriter json = beginDelta(out, index).name("content").value(text);
        endDelta(out, json, some, null);
    }

    @Override
    public void finish(StringBuilder out, Answer answer, int index, FinishReason reason) {
        endDelta(out, beginDelta(out, index), List.of(), reason);
    }

    @Override
    public void end(StringBuilder out, Answer answer) {
        head.usage(out, CHUNK, answer);
    }

    private JsonWriter beginDelta(StringBuilder out, int index) {
        JsonWriter json =
                head.beginChunk(out, CHUNK).name("choices").beginArray().beginObject();
        return json.name("index").value(index).name("delta").beginObject();
    }

    private void endDelta(
            StringBuilder out,
            JsonWriter json,
            List<TokenLogprob> some,
            @org.jspecify.annotations.Nullable FinishReason reason) {
        json.endObject().name("logprobs");
        if (some.isEmpty()) json.nothing();
        else shapes.chat(json, some);
        json.name("finish_reason");
        if (reason == null) json.nothing();
        else json.value(ReplyFormat.wire(reason));
        json.endObject().endArray();
        head.endChunk(out, json);
    }
}
