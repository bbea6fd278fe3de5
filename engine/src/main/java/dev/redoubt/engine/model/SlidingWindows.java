package dev.redoubt.engine.model;

import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.IntPredicate;

/// How far each layer sees, from what a configuration says of it.
record SlidingWindows(OptionalInt window, Optional<List<Boolean>> stated, IntPredicate usual) {
    /// @param used whether the family or the file uses windows at all
    /// @param whereAbsent the window of a file that says nothing; empty: none
    /// @param usual which layers have it where the file does not say
    /// @throws dev.redoubt.trust.ArtifactException if a window is out of range, or stated for a layer and missing
    static SlidingWindows read(
            ConfigSource source, ModelConfig config, boolean used, OptionalInt whereAbsent, IntPredicate usual) {
        Optional<List<Boolean>> stated = source.windowedLayers(config.layers());
        OptionalInt window = OptionalInt.empty();
        boolean none = source.has(ConfigKey.SLIDING_WINDOW)
                ? source.integer(ConfigKey.SLIDING_WINDOW).isEmpty()
                : whereAbsent.isEmpty();
        if (used && !none)
            window = OptionalInt.of(ModelConfig.integer(
                    source, ConfigKey.SLIDING_WINDOW, whereAbsent.orElse(0), ModelConfig.CONTEXT_TOKENS_MAX));
        if (window.isEmpty() && stated.filter(layers -> layers.contains(true)).isPresent())
            throw ConfigSource.refusal(
                    source.name(ConfigKey.SLIDING_WINDOW) + " is missing or not used, and layers are said to have one");
        return new SlidingWindows(window, stated, usual);
    }

    boolean windowed(int layer) {
        return window.isPresent() && stated.map(layers -> layers.get(layer)).orElse(usual.test(layer));
    }

    /// How many tokens a row of a layer sees.
    int of(int layer) {
        return windowed(layer) ? window.orElseThrow() : Integer.MAX_VALUE;
    }
}
