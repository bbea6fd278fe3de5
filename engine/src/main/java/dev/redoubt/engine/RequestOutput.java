package dev.redoubt.engine;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.engine.tokenize.StreamDecoder;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Turns what the loop hands over for one request into its events: text, stop strings, limits of text, the one
/// final event. Engine-output only.
final class RequestOutput {
    private static final int CHARS_PER_TOKEN_MAX = 10; // RULES V5.4

    private final LiveRequest request;
    private final GenerationListener listener;
    private final Function<int[], StreamDecoder> decoders;
    private final TimeSource time;
    private final IntConsumer stopChoice;
    private final ChoiceOutput[] choices;
    private int open;
    private int cachedTokens;
    private boolean ended;

    private static final class ChoiceOutput {
        final ChoiceText text;

        @Nullable
        StreamDecoder decoder; // from the first token on

        int tokens;
        boolean finished;

        ChoiceOutput(ChoiceText text) {
            this.text = text;
        }
    }

    /// @param stopChoice tells the loop that a choice has ended by its text
    RequestOutput(
            LiveRequest request, Function<int[], StreamDecoder> decoders, TimeSource time, IntConsumer stopChoice) {
        this.request = request;
        this.listener = request.listener;
        this.decoders = decoders;
        this.time = time;
        this.stopChoice = stopChoice;
        this.choices = new ChoiceOutput[request.choiceCount];
        int charsMax = CHARS_PER_TOKEN_MAX * request.sampling.maxTokens();
        for (int i = 0; i < choices.length; i++)
            choices[i] =
                    new ChoiceOutput(new ChoiceText(request.sampling.stop(), request.sampling.minTokens(), charsMax));
        this.open = choices.length;
    }

    /// Whether the final event is out.
    boolean ended() {
        return ended;
    }

    /// The next thing that happened; what comes after the end of its choice is dropped, since the loop may be a
    /// few tokens ahead of a stop string.
    void accept(Output output) {
        if (ended) return;
        switch (output) {
            case Output.Started started -> {
                cachedTokens = started.cachedTokens();
                listener.onEvent(new GenerationEvent.Started(
                        request.promptIds.length, started.cachedTokens(), started.promptLogprobs()));
            }
            case Output.Token token -> accept(token);
            case Output.Ended end -> {
                ChoiceOutput choice = choices[end.choice()];
                if (choice.finished) return;
                String text = rest(choice, new ChoiceText.Result.More("")).text();
                if (!text.isEmpty()) delta(end.choice(), text, List.of(), Optional.empty());
                finish(end.choice(), end.reason());
            }
            case Output.Failed failed -> fail(failed.error());
        }
    }

    /// The final event of a request that cannot go on; does nothing after another final event.
    void fail(ServeException error) {
        if (ended) return;
        ended = true;
        listener.onEvent(new GenerationEvent.Failed(error, usage()));
    }

    private void accept(Output.Token token) {
        ChoiceOutput choice = choices[token.choice()];
        if (choice.finished) return;
        choice.tokens++;
        ChoiceText.Result result = choice.text.push(token.silent() ? "" : decoded(choice, token.id()), choice.tokens);
        if (token.end().isPresent()) result = rest(choice, result);
        delta(token.choice(), result.text(), List.of(token.id()), token.logprob());
        switch (result) {
            case ChoiceText.Result.More more -> token.end().ifPresent(reason -> finish(token.choice(), reason));
            case ChoiceText.Result.Stopped stopped -> finishByText(token, FinishReason.STOP);
            case ChoiceText.Result.Cut cut -> finishByText(token, FinishReason.LENGTH);
        }
    }

    private String decoded(ChoiceOutput choice, int id) {
        StreamDecoder decoder = choice.decoder;
        if (decoder == null) {
            decoder = decoders.apply(request.promptIds);
            choice.decoder = decoder;
        }
        return decoder.push(id);
    }

    private static String undecoded(ChoiceOutput choice) {
        return choice.decoder == null ? "" : choice.decoder.rest();
    }

    /// Adds what decoder and hold-back still have, unless the text has ended already.
    private static ChoiceText.Result rest(ChoiceOutput choice, ChoiceText.Result result) {
        if (!(result instanceof ChoiceText.Result.More)) return result;
        ChoiceText.Result tail = joined(result, choice.text.push(undecoded(choice), choice.tokens));
        return tail instanceof ChoiceText.Result.More ? joined(tail, choice.text.flush()) : tail;
    }

    private static ChoiceText.Result joined(ChoiceText.Result first, ChoiceText.Result second) {
        String text = first.text() + second.text();
        return switch (second) {
            case ChoiceText.Result.More more -> new ChoiceText.Result.More(text);
            case ChoiceText.Result.Stopped stopped -> new ChoiceText.Result.Stopped(text);
            case ChoiceText.Result.Cut cut -> new ChoiceText.Result.Cut(text);
        };
    }

    private void finishByText(Output.Token token, FinishReason reason) {
        if (token.end().isEmpty()) stopChoice.accept(token.choice());
        finish(token.choice(), reason);
    }

    private void delta(int choice, String text, List<Integer> ids, Optional<TokenLogprob> logprob) {
        listener.onEvent(new GenerationEvent.Delta(
                choice, text, ids, logprob.map(List::of).orElse(List.of())));
    }

    private void finish(int index, FinishReason reason) {
        choices[index].finished = true;
        listener.onEvent(new GenerationEvent.Finished(index, reason, choices[index].tokens));
        if (--open > 0) return;
        ended = true;
        listener.onEvent(new GenerationEvent.Completed(usage()));
    }

    private Usage usage() {
        int completionTokens = 0;
        for (ChoiceOutput choice : choices) completionTokens += choice.tokens;
        return new Usage(
                request.promptIds.length,
                cachedTokens,
                completionTokens,
                request.queueNanos,
                request.firstTokenNanos,
                time.nanos() - request.arrivalNanos);
    }
}
