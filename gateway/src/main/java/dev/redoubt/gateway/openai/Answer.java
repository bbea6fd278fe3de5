package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.TokenLogprob;
import java.util.ArrayList;
import java.util.List;

/// Everything one request has been answered so far: each choice of each prompt under its own index, so that a
/// reply is bound to its request's identity and never to the order of arrival (V3.5). Has one owner at a time.
public final class Answer {
    private final int choicesEach;
    private final List<PromptPart> prompts = new ArrayList<>();
    private final List<Choice> choices = new ArrayList<>();

    /// What is known of one prompt.
    public static final class PromptPart {
        int promptTokens;
        int cachedTokens;
        List<TokenLogprob> logprobs = List.of();

        private PromptPart() {}
    }

    /// One choice.
    public static final class Choice {
        final int prompt;
        final StringBuilder text = new StringBuilder();
        final List<TokenLogprob> logprobs = new ArrayList<>();
        FinishReason reason = FinishReason.LENGTH;
        int tokens;
        int tokenTextOffset; // code points, for `text_offset`

        private Choice(int prompt) {
            this.prompt = prompt;
        }
    }

    /// @param choicesEach choices of each prompt
    public Answer(int promptCount, int choicesEach) {
        this.choicesEach = choicesEach;
        for (int p = 0; p < promptCount; p++) {
            prompts.add(new PromptPart());
            for (int c = 0; c < choicesEach; c++) choices.add(new Choice(p));
        }
    }

    /// The index of a prompt's choice in the reply.
    public int index(int prompt, int choice) {
        return prompt * choicesEach + choice;
    }

    public int choicesEach() {
        return choicesEach;
    }

    public void started(int prompt, GenerationEvent.Started event) {
        PromptPart part = prompts.get(prompt);
        part.promptTokens = event.promptTokens();
        part.cachedTokens = event.cachedTokens();
        part.logprobs = event.promptLogprobs();
    }

    /// For a whole reply; a stream keeps nothing.
    public void append(int index, GenerationEvent.Delta delta) {
        Choice choice = choices.get(index);
        choice.text.append(delta.text());
        choice.logprobs.addAll(delta.logprobs());
    }

    public void finished(int index, FinishReason reason, int tokens) {
        choices.get(index).reason = reason;
        choices.get(index).tokens = tokens;
    }

    public int promptTokens() {
        return prompts.stream().mapToInt(part -> part.promptTokens).sum();
    }

    public int cachedTokens() {
        return prompts.stream().mapToInt(part -> part.cachedTokens).sum();
    }

    public int completionTokens() {
        return choices.stream().mapToInt(choice -> choice.tokens).sum();
    }

    List<Choice> choices() {
        return choices;
    }

    PromptPart prompt(int index) {
        return prompts.get(index);
    }

    /// `"usage": {…}`
    void writeUsage(JsonWriter json) {
        json.name("usage").beginObject().name("prompt_tokens").value(promptTokens());
        json.name("completion_tokens").value(completionTokens());
        json.name("total_tokens").value(promptTokens() + completionTokens());
        json.name("prompt_tokens_details").beginObject().name("cached_tokens").value(cachedTokens());
        json.endObject().endObject();
    }
}
