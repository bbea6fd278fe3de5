package dev.redoubt.cli;

import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How to pick tokens: the same words for `run` and `chat`.
final class SamplingOptions {
    @Option(names = "--greedy", description = "Always the most likely token: the same answer every time.")
    private boolean greedy;

    @Option(
            names = "--max-tokens",
            paramLabel = "N",
            description = "Longest answer. Default: 512, or what the prompt leaves of the context.")
    private @Nullable Integer maxTokens;

    @Option(names = "--seed", paramLabel = "N", description = "The same seed gives the same answer.")
    private @Nullable Long seed;

    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told before the conversation.")
    private String system = "";

    /// Empty: nothing.
    String system() {
        return system;
    }

    int maxTokens() {
        if (maxTokens == null) return RequestLimits.DEFAULT.maxTokensDefault();
        if (maxTokens < 1)
            throw new CommandFailure(
                    ExitCode.USAGE, "--max-tokens is " + maxTokens + ", it must be 1 or more: ask for at least one");
        return maxTokens;
    }

    SamplingParams params() {
        return new SamplingParams(
                greedy ? 0 : RequestLimits.DEFAULT.temperatureDefault(),
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                seed == null ? OptionalLong.empty() : OptionalLong.of(seed),
                maxTokens(),
                maxTokens == null,
                0,
                List.of(),
                Set.of(),
                false,
                OptionalInt.empty(),
                OptionalInt.empty());
    }
}
