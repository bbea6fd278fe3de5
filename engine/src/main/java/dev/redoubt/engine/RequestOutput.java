package dev.redoubt.engine;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.engine.tokenize.StreamDecoder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Function;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Turns what the loop tells of one request into its events: text, stop strings, limits of text, the one
/// final event. Engine-output only.
final class RequestOutput {
    private final LiveRequest request;
    private final GenerationListener listener;
    private final Function<int[], StreamDecoder> decoders;
    private final TimeSource time;
    private final IntConsumer stopChoice;
    private final ChoiceOutput[] choices;
    private int open;
    private boolean begun;
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
        int charsMax = RequestLimits.OUTPUT_CHARS_PER_TOKEN_MAX * request.sampling.maxTokens();
        for (int i = 0; i < choices.length; i++) {
            ChoiceText text =
                    new ChoiceText(request.sampling.stop(), request.routeStops, request.sampling.minTokens(), charsMax);
            choices[i] = new ChoiceOutput(text);
        }
        this.open = choices.length;
    }

    /// Whether the final event is out.
    boolean ended() {
        return ended;
    }

    /// Shows what was told since the last time. What comes after the end of a text is dropped, since the loop may
    /// be a few tokens ahead of a stop string.
    void catchUp() {
        if (ended) return;
        ServeException failure = request.failure(); // first: it comes after all that the choices tell
        for (int i = 0; i < request.choices.size() && !ended; i++) catchUp(choices[i], request.choices.get(i));
        if (failure != null) fail(failure);
    }

    private void catchUp(ChoiceOutput output, Choice choice) {
        if (output.finished) return;
        Choice.End end = choice.end();
        int told = end == null ? choice.told() : end.tokens();
        if (told > output.tokens) {
            begin();
            show(output, choice, told, end);
        } else if (end != null) {
            String text = rest(output, new ChoiceText.Result.More("")).text();
            if (!text.isEmpty()) delta(choice.index, text, List.of(), List.of());
            finish(choice.index, end.reason());
        }
    }

    private void begin() {
        if (begun) return;
        begun = true;
        listener.onEvent(new GenerationEvent.Started(
                request.promptIds.length, request.cachedTokens, Collections.unmodifiableList(request.promptLogprobs)));
    }

    /// Everything up to the token `told`, as one event, unless the text ends before.
    private void show(ChoiceOutput output, Choice choice, int told, Choice.@Nullable End end) {
        int from = output.tokens;
        List<Integer> ids = new ArrayList<>(told - from);
        ChoiceText.Result result = new ChoiceText.Result.More("");
        while (output.tokens < told && result instanceof ChoiceText.Result.More) {
            int id = choice.token(output.tokens++);
            boolean last = end != null && output.tokens == end.tokens();
            boolean silent = last && endsByToken(end);
            ids.add(id);
            result = joined(result, output.text.push(silent ? "" : decoded(output, id), output.tokens));
            if (last) result = rest(output, result);
        }
        delta(choice.index, result.text(), ids, choice.logprobs(from, output.tokens));
        switch (result) {
            case ChoiceText.Result.More more -> {
                if (end != null) finish(choice.index, end.reason());
            }
            case ChoiceText.Result.Stopped stopped -> finishByText(choice.index, end, FinishReason.STOP);
            case ChoiceText.Result.Cut cut -> finishByText(choice.index, end, FinishReason.LENGTH);
        }
    }

    /// The final event of a request that cannot go on; does nothing after another final event.
    void fail(ServeException error) {
        if (ended) return;
        ended = true;
        listener.onEvent(new GenerationEvent.Failed(error, usage()));
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

    /// Whether the last token is none to be shown. Stop strings are found here, so a stop of the loop is a token.
    private static boolean endsByToken(Choice.@Nullable End end) {
        return end != null && end.reason() == FinishReason.STOP;
    }

    private void finishByText(int index, Choice.@Nullable End end, FinishReason reason) {
        if (end == null) stopChoice.accept(index);
        finish(index, reason);
    }

    private void delta(int choice, String text, List<Integer> ids, List<TokenLogprob> logprobs) {
        listener.onEvent(new GenerationEvent.Delta(choice, text, Collections.unmodifiableList(ids), logprobs));
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
                request.cachedTokens,
                completionTokens,
                request.queueNanos,
                request.firstTokenNanos,
                time.nanos() - request.arrivalNanos);
    }
}
