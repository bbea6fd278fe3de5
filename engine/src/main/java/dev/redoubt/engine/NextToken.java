package dev.redoubt.engine;

import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.kernels.FloatMatrix;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// The next token of a sequence that has caught up, or the one after some guesses, which counts if they turn out
/// right. One object serves all steps.
final class NextToken extends RowTask {
    private final TokenPicker picker;
    private final int guesses;
    private final OptionalInt alternatives;
    private int token;
    private @Nullable TokenLogprob logprob;

    /// @param alternatives of the logprob; absent: none is wanted
    /// @param guesses between the sequence's last token and this one; 0: it is the next
    NextToken(TokenPicker picker, OptionalInt alternatives, int guesses) {
        this.picker = picker;
        this.guesses = guesses;
        this.alternatives = alternatives;
    }

    @Override
    boolean needsLogSumExp() {
        return alternatives.isPresent();
    }

    @Override
    void take(Sampler sampler, FloatMatrix logits, int row, float logSumExp, int argMax) {
        token = picker.pick(sampler, logits, row, argMax, guesses);
        if (alternatives.isPresent()) logprob = Sampler.logprob(logits, row, logSumExp, token, alternatives.getAsInt());
    }

    int token() {
        return token;
    }

    /// Null unless asked for.
    @Nullable
    TokenLogprob logprob() {
        return logprob;
    }

    /// The token is the sequence's: the next one is picked after it.
    void accept() {
        picker.accept(token);
    }
}
