package dev.redoubt.engine.sample;

import dev.redoubt.base.generation.SamplingParams;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/// Sampling parameters for tests: everything off but the temperature, each setter gives a changed copy.
record Params(
        double temperature,
        double topP,
        int topK,
        double minP,
        double presence,
        double frequency,
        double repetition,
        Map<Integer, Double> bias,
        int minTokens,
        Set<Integer> stopIds,
        OptionalInt logprobs) {
    static Params of(double temperature) {
        return new Params(temperature, 1, 0, 0, 0, 0, 1, Map.of(), 0, Set.of(), OptionalInt.empty());
    }

    Params topP(double value) {
        return new Params(
                temperature, value, topK, minP, presence, frequency, repetition, bias, minTokens, stopIds, logprobs);
    }

    Params topK(int value) {
        return new Params(
                temperature, topP, value, minP, presence, frequency, repetition, bias, minTokens, stopIds, logprobs);
    }

    Params minP(double value) {
        return new Params(
                temperature, topP, topK, value, presence, frequency, repetition, bias, minTokens, stopIds, logprobs);
    }

    Params presence(double value) {
        return new Params(
                temperature, topP, topK, minP, value, frequency, repetition, bias, minTokens, stopIds, logprobs);
    }

    Params frequency(double value) {
        return new Params(
                temperature, topP, topK, minP, presence, value, repetition, bias, minTokens, stopIds, logprobs);
    }

    Params repetition(double value) {
        return new Params(
                temperature, topP, topK, minP, presence, frequency, value, bias, minTokens, stopIds, logprobs);
    }

    Params bias(Map<Integer, Double> value) {
        return new Params(
                temperature, topP, topK, minP, presence, frequency, repetition, value, minTokens, stopIds, logprobs);
    }

    Params minTokens(int value, Set<Integer> stopTokenIds) {
        return new Params(
                temperature, topP, topK, minP, presence, frequency, repetition, bias, value, stopTokenIds, logprobs);
    }

    Params logprobs(int value) {
        return new Params(
                temperature,
                topP,
                topK,
                minP,
                presence,
                frequency,
                repetition,
                bias,
                minTokens,
                stopIds,
                OptionalInt.of(value));
    }

    SamplingParams build() {
        return new SamplingParams(
                temperature,
                topP,
                topK,
                minP,
                presence,
                frequency,
                repetition,
                bias,
                OptionalLong.empty(),
                100,
                false,
                minTokens,
                List.of(),
                stopIds,
                false,
                logprobs,
                OptionalInt.empty());
    }
}
