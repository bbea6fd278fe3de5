package dev.redoubt.base.generation;

import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/// How to pick tokens; names, order and definitions are vLLM's. A record of facts: the engine's entry checks
/// the ranges.
///
/// @param temperature 0 or more; below 1e-5 is greedy
/// @param topP above 0, at most 1
/// @param topK 0 is off
/// @param minP 0 to 1; 0 is off
/// @param presencePenalty -2 to 2
/// @param frequencyPenalty -2 to 2
/// @param repetitionPenalty above 0; 1 is off
/// @param logitBias token id to what is added to its logit, -100 to 100
/// @param seed the same seed gives the same tokens, whatever the neighbours; absent: a fresh one
/// @param maxTokens 1 or more
/// @param maxTokensYields fewer will do where the context has no room for so many: the caller did not say how many
/// @param minTokens no end-of-sequence or stop token before that many; at most `maxTokens`
/// @param stop strings that end the text; they are not part of it
/// @param stopTokenIds tokens that end the text, beside the model's end-of-sequence tokens
/// @param ignoreEos the model's end-of-sequence tokens do not end the text
/// @param logprobs how many alternatives to report for each generated token; 0 reports the token alone; absent:
///     nothing
/// @param promptLogprobs the same for prompt tokens
public record SamplingParams(
        double temperature,
        double topP,
        int topK,
        double minP,
        double presencePenalty,
        double frequencyPenalty,
        double repetitionPenalty,
        Map<Integer, Double> logitBias,
        OptionalLong seed,
        int maxTokens,
        boolean maxTokensYields,
        int minTokens,
        List<String> stop,
        Set<Integer> stopTokenIds,
        boolean ignoreEos,
        OptionalInt logprobs,
        OptionalInt promptLogprobs) {
    public SamplingParams {
        logitBias = Map.copyOf(logitBias);
        stop = List.copyOf(stop);
        stopTokenIds = Set.copyOf(stopTokenIds);
    }

    /// Greedy, nothing else.
    public static SamplingParams greedy(int maxTokens) {
        return new SamplingParams(
                0,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.empty(),
                maxTokens,
                false,
                0,
                List.of(),
                Set.of(),
                false,
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    /// The same with another `maxTokens`.
    public SamplingParams withMaxTokens(int tokens) {
        return new SamplingParams(
                temperature,
                topP,
                topK,
                minP,
                presencePenalty,
                frequencyPenalty,
                repetitionPenalty,
                logitBias,
                seed,
                tokens,
                maxTokensYields,
                minTokens,
                stop,
                stopTokenIds,
                ignoreEos,
                logprobs,
                promptLogprobs);
    }
}
