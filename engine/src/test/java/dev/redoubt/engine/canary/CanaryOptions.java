package dev.redoubt.engine.canary;

import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.PrefixSharing;
import dev.redoubt.kernels.KvFormat;
import java.util.OptionalLong;

/// Of small engines that are started to be read by the canary.
final class CanaryOptions {
    private CanaryOptions() {}

    static EngineOptions of(String kernels, int threads) {
        return new EngineOptions(
                kernels,
                threads,
                512,
                2,
                64,
                64,
                4,
                0.5,
                KvFormat.F16,
                OptionalLong.of(16 << 20),
                PrefixSharing.OFF,
                false,
                RequestLimits.DEFAULT);
    }
}
