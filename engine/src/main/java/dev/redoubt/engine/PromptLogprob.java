package dev.redoubt.engine;

import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.kernels.FloatMatrix;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How likely the prompt token after a row was.
final class PromptLogprob extends RowTask {
    private final int tokenId;
    private final int top;
    private @Nullable TokenLogprob logprob;

    /// @param tokenId that token
    /// @param top how many alternatives
    PromptLogprob(int tokenId, int top) {
        this.tokenId = tokenId;
        this.top = top;
    }

    @Override
    boolean needsLogSumExp() {
        return true;
    }

    @Override
    void take(Sampler sampler, FloatMatrix logits, int row, float logSumExp, int argMax) {
        logprob = Sampler.logprob(logits, row, logSumExp, tokenId, top);
    }

    TokenLogprob logprob() {
        return Objects.requireNonNull(logprob);
    }
}
