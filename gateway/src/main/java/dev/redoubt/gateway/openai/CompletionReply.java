package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.TokenLogprob;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Replies of `/v1/completions`.
public final class CompletionReply implements StreamFormat {
    private static final String OBJECT = "text_completion";

    private final ReplyHead head;
    private final boolean logprobs;
    private final boolean promptLogprobs;
    private final List<EchoedPrompt> echoes;
    private final LogprobsJson shapes;

    /// A prompt that its answer repeats.
    ///
    /// @param ids empty unless log probabilities were asked for
    public record EchoedPrompt(String text, List<Integer> ids) {}

    /// @param echoes one for each prompt, or none
    public CompletionReply(ReplyHead head, GenerationCall call, boolean promptLogprobs, List<EchoedPrompt> echoes) {
        this.head = head;
        this.logprobs = call.sampling().logprobs().isPresent();
        this.promptLogprobs = promptLogprobs;
        this.echoes = List.copyOf(echoes);
        this.shapes = new LogprobsJson(head.model());
    }

    @Override
    public String whole(Answer answer) {
        StringBuilder out = new StringBuilder(512);
        JsonWriter json = head.begin(out, OBJECT).name("choices").beginArray();
        for (int index = 0; index < answer.choices().size(); index++) {
            Answer.Choice choice = answer.choices().get(index);
            Optional<EchoedPrompt> echo = echo(choice);
            json.beginObject().name("index").value(index);
            json.name("text").value(echo.map(EchoedPrompt::text).orElse("") + choice.text);
            json.name("logprobs");
            if (logprobs) {
                List<TokenLogprob> all = new ArrayList<>();
                if (echo.isPresent()) all.addAll(answer.prompt(choice.prompt).logprobs);
                all.addAll(choice.logprobs);
                shapes.completion(json, echo.map(one -> one.ids().getFirst()), all, 0);
            } else json.nothing();
            json.name("finish_reason").value(ReplyFormat.wire(choice.reason));
            if (promptLogprobs) shapes.prompt(json.name("prompt_logprobs"), answer.prompt(choice.prompt).logprobs);
            json.endObject();
        }
        json.endArray();
        answer.writeUsage(json);
        json.endObject();
        return out.toString();
    }

    @Override
    public void begin(StringBuilder out, Answer answer, int index) {
        Answer.Choice choice = answer.choices().get(index);
        Optional<EchoedPrompt> echo = echo(choice);
        if (echo.isEmpty()) return;
        Optional<Integer> first = logprobs ? Optional.of(echo.get().ids().getFirst()) : Optional.empty();
        List<TokenLogprob> scored = logprobs ? answer.prompt(choice.prompt).logprobs : List.of();
        chunk(out, choice, index, echo.get().text(), first, scored, null);
    }

    @Override
    public void more(StringBuilder out, Answer answer, int index, String text, List<TokenLogprob> some) {
        chunk(out, answer.choices().get(index), index, text, Optional.empty(), some, null);
    }

    @Override
    public void finish(StringBuilder out, Answer answer, int index, FinishReason reason) {
        chunk(out, answer.choices().get(index), index, "", Optional.empty(), List.of(), reason);
    }

    @Override
    public void end(StringBuilder out, Answer answer) {
        head.usage(out, OBJECT, answer);
    }

    private void chunk(
            StringBuilder out,
            Answer.Choice choice,
            int index,
            String text,
            Optional<Integer> unscored,
            List<TokenLogprob> some,
            @Nullable FinishReason reason) {
        JsonWriter json =
                head.beginChunk(out, OBJECT).name("choices").beginArray().beginObject();
        json.name("index").value(index).name("text").value(text).name("logprobs");
        if (some.isEmpty() && unscored.isEmpty()) json.nothing();
        else choice.tokenTextOffset = shapes.completion(json, unscored, some, choice.tokenTextOffset);
        json.name("finish_reason");
        if (reason == null) json.nothing();
        else json.value(ReplyFormat.wire(reason));
        json.endObject().endArray();
        head.endChunk(out, json);
    }

    private Optional<EchoedPrompt> echo(Answer.Choice choice) {
        return echoes.isEmpty() ? Optional.empty() : Optional.of(echoes.get(choice.prompt));
    }
}
