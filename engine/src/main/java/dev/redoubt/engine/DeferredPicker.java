package dev.redoubt.engine;

import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.kernels.FloatMatrix;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A picker that takes memory with its first token: a thousand waiting requests need no state of sampling.
final class DeferredPicker implements TokenPicker {
    private final Supplier<TokenPicker> source;
    private @Nullable TokenPicker picker;

    DeferredPicker(Supplier<TokenPicker> source) {
        this.source = source;
    }

    @Override
    public int pick(Sampler sampler, FloatMatrix logits, int row, int argMax, int guesses) {
        return picker().pick(sampler, logits, row, argMax, guesses);
    }

    @Override
    public void accept(int tokenId) {
        picker().accept(tokenId);
    }

    private TokenPicker picker() {
        TokenPicker made = picker;
        if (made == null) {
            made = source.get();
            picker = made;
        }
        return made;
    }
}
