package dev.redoubt.engine;

import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.engine.schedule.Sequence;
import dev.redoubt.engine.schedule.Speculation;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One of the continuations that a request asked for, and how much of it the output thread may show.
final class Choice {
    /* Hand-over without a queue. A sequence keeps its tokens in an array that never changes below its length, so a token need not be
     * sent anywhere: the loop raises `told`, and whoever has read `told` sees the tokens below it, and their logprobs. So nothing is
     * allocated for a token, and what waits for a slow reader is bounded by what the sequence may generate.
     *
     * The end comes with the number of tokens in one record, since the last token must not be seen without it: a stop token would be
     * taken for text. */
    private static final TokenLogprob[] NO_LOGPROBS = {};

    /// Nothing follows.
    ///
    /// @param tokens generated in all
    record End(FinishReason reason, int tokens) {}

    final LiveRequest request;
    final int index; // 0-based
    final Sequence sequence;
    final NextToken next;
    private final TokenPicker picker;
    private NextToken[] ahead = {}; // by guesses before it, less 1; made when something is guessed
    private TokenLogprob[] logprobs = NO_LOGPROBS; // by output token; empty unless asked for
    private volatile int told; // the loop writes
    private volatile @Nullable End end; // the loop writes, once

    Choice(LiveRequest request, int index, Sequence sequence, TokenPicker picker) {
        this.request = request;
        this.index = index;
        this.sequence = sequence;
        this.picker = picker;
        this.next = new NextToken(picker, request.sampling.logprobs(), 0);
    }

    /// The token after so many guesses, 1 or more. Engine loop only.
    NextToken after(int guesses) {
        if (ahead.length == 0) {
            ahead = new NextToken[Speculation.DRAFT_MAX];
            Arrays.setAll(ahead, i -> new NextToken(picker, request.sampling.logprobs(), i + 1));
        }
        return ahead[guesses - 1];
    }

    /// The sequence has one more token, with this logprob if any are asked for. Engine loop only.
    void add(@Nullable TokenLogprob logprob) {
        if (logprob == null) return;
        int count = sequence.outputTokens();
        if (count > logprobs.length) logprobs = Arrays.copyOf(logprobs, Math.max(16, 2 * logprobs.length));
        logprobs[count - 1] = logprob;
    }

    /// All tokens so far may be shown. Engine loop only.
    void tell() {
        told = sequence.outputTokens();
    }

    /// The last token may be shown; there is no other. Engine loop only.
    void tellEnd(FinishReason reason) {
        end = new End(reason, sequence.outputTokens());
    }

    /// Null while tokens may follow. To be read before [#told].
    @Nullable
    End end() {
        return end;
    }

    /// Tokens that may be shown while there is no end.
    int told() {
        return told;
    }

    /// @param output 0-based, below what was told
    int token(int output) {
        return sequence.token(sequence.promptTokens() + output);
    }

    /// Of outputs `from` to `to - 1`; empty unless asked for.
    List<TokenLogprob> logprobs(int from, int to) {
        return logprobs.length == 0 ? List.of() : List.of(Arrays.copyOfRange(logprobs, from, to));
    }
}
