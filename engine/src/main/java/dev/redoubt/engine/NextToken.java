package dev.redoubt.engine;

import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.kernels.FloatMatrix;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// The next token of a sequence that has caught up. One object serves all its steps.
final class NextToken extends RowTask {
    private final TokenPicker picker;
    private final OptionalInt alternatives;
    private int token;
    private @Nullable TokenLogprob logprob;

    /// @param alternatives of the logprob; absent: none is wanted
    NextToken(TokenPicker picker, OptionalInt alternatives) {
        this.picker = picker;
        this.alternatives = alternatives;
    }

    @Override
    boolean needsLogSumExp() {
        return alternatives.isPresent();
    }

    @Override
    void take(Sampler sampler, FloatMatrix logits, int row, float logSumExp, int argMax) {
        token = picker.pick(sampler, logits, row, argMax);
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
