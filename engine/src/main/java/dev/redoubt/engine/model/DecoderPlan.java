package dev.redoubt.engine.model;

import dev.redoubt.engine.model.RopeScaling.Dynamic;
import dev.redoubt.engine.model.RopeScaling.LongRope;
import dev.redoubt.engine.model.RopeScaling.StoredLongRope;
import java.util.List;
import java.util.Optional;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// What a decoder computes, as data: a family makes it of a configuration, [DecoderTensors] says which tensors that
/// asks for, and [Decoder] runs it.
///
/// @param layers from the first to the last
/// @param embeddingScale what the embedding is multiplied by
/// @param logitCap logits become `cap · tanh(logit / cap)`; 0: they stay
/// @param normsLessOne whether the file has the weights of norms less 1
/// @param tiedHead whether the head is the embedding; empty: it is if there is no tensor of its own
/// @param interleavedRope whether the file pairs neighbouring rows of a head (GGUF llama) rather than halves
///     (Hugging Face)
record DecoderPlan(
        ModelConfig config,
        List<LayerPlan> layers,
        float embeddingScale,
        float logitCap,
        boolean normsLessOne,
        Optional<Boolean> tiedHead,
        boolean interleavedRope) {
    DecoderPlan {
        layers = List.copyOf(layers);
        for (LayerPlan layer : layers)
            layer.rope().ifPresent(rope -> checkFactors(rope.scaling(), config.headDimension() / 2));
    }

    /// Embedding and logits as they are, norms as the file has them.
    static DecoderPlan plain(
            ModelConfig config, IntFunction<LayerPlan> layers, Optional<Boolean> tiedHead, boolean interleavedRope) {
        List<LayerPlan> all =
                IntStream.range(0, config.layers()).mapToObj(layers).toList();
        return new DecoderPlan(config, all, 1, 0, false, tiedHead, interleavedRope);
    }

    /// @throws dev.redoubt.trust.ArtifactException if the positional encoding does not reach that far
    void checkContext(int contextTokensMax) {
        boolean dynamic = layers.stream()
                .anyMatch(layer -> layer.rope()
                        .filter(rope -> rope.scaling() instanceof Dynamic)
                        .isPresent());
        if (dynamic && contextTokensMax > config.contextTokensMax())
            throw ConfigSource.refusal(
                    "rope scaling 'dynamic' with a context of " + contextTokensMax + " tokens, limit is "
                            + config.contextTokensMax() + ": beyond, a token would depend on the length of its text");
    }

    /// Whether the factors of rotary frequencies are tensors of the file.
    Optional<StoredLongRope> storedLongRope() {
        return layers.stream()
                .flatMap(layer -> layer.rope().stream())
                .flatMap(rope -> rope.scaling() instanceof StoredLongRope stored
                        ? java.util.stream.Stream.of(stored)
                        : java.util.stream.Stream.empty())
                .findFirst();
    }

    private static void checkFactors(RopeScaling scaling, int expected) {
        if (!(scaling instanceof LongRope longRope)) return;
        for (int size : new int[] {
            longRope.shortFactors().size(), longRope.longFactors().size()
        })
            if (size != expected)
                throw ConfigSource.refusal("rope scaling 'longrope' has " + size
                        + " factors, must be half the head dimension, " + expected);
    }
}
