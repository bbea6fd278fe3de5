package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class RequestCheckTest {
    private static final Prompt TEXT = new Prompt.Text("hello");

    private final RequestCheck check = new RequestCheck(RequestLimits.DEFAULT, 4096, 1000);

    private static SamplingParams numbers(
            double temperature,
            double topP,
            int topK,
            double minP,
            double presence,
            double frequency,
            double repetition) {
        return new SamplingParams(
                temperature,
                topP,
                topK,
                minP,
                presence,
                frequency,
                repetition,
                Map.of(),
                OptionalLong.empty(),
                16,
                false,
                0,
                List.of(),
                Set.of(),
                false,
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    private static SamplingParams rest(
            int maxTokens,
            int minTokens,
            Map<Integer, Double> bias,
            List<String> stop,
            Set<Integer> ids,
            int logprobs,
            int prompt) {
        return new SamplingParams(
                1,
                1,
                0,
                0,
                0,
                0,
                1,
                bias,
                OptionalLong.empty(),
                maxTokens,
                false,
                minTokens,
                stop,
                ids,
                false,
                OptionalInt.of(logprobs),
                OptionalInt.of(prompt));
    }

    private ServeException refused(Prompt prompt, SamplingParams sampling, int choices) {
        GenerationRequest request =
                new GenerationRequest(new Caller("a", "b", Optional.empty()), prompt, sampling, List.of(), choices, 0);
        ServeException refusal = catchThrowableOfType(ServeException.class, () -> check.check(request));
        assertThat(refusal).isNotNull();
        return java.util.Objects.requireNonNull(refusal);
    }

    private void refusedField(SamplingParams sampling, String field) {
        assertThat(refused(TEXT, sampling, 1).field()).hasValue(field);
    }

    @Test
    void V5_1_everyNumberIsFiniteAndInItsRange() {
        for (double bad : new double[] {Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY, -3, 200}) {
            refusedField(numbers(bad, 1, 0, 0, 0, 0, 1), "temperature");
            refusedField(numbers(1, bad, 0, 0, 0, 0, 1), "top_p");
            refusedField(numbers(1, 1, 0, bad, 0, 0, 1), "min_p");
            refusedField(numbers(1, 1, 0, 0, bad, 0, 1), "presence_penalty");
            refusedField(numbers(1, 1, 0, 0, 0, bad, 1), "frequency_penalty");
            if (bad != 200) refusedField(numbers(1, 1, 0, 0, 0, 0, bad), "repetition_penalty");
            if (bad != -3) refusedField(rest(4, 0, Map.of(1, bad), List.of(), Set.of(), 0, 0), "logit_bias");
        }
        refusedField(numbers(1, 0, 0, 0, 0, 0, 1), "top_p");
        refusedField(numbers(1, 1, -1, 0, 0, 0, 1), "top_k");
        refusedField(numbers(1, 1, 0, 0, 0, 0, 0), "repetition_penalty");
        refusedField(rest(0, 0, Map.of(), List.of(), Set.of(), 0, 0), "max_tokens");
        refusedField(rest(2049, 0, Map.of(), List.of(), Set.of(), 0, 0), "max_tokens");
        refusedField(rest(4, 5, Map.of(), List.of(), Set.of(), 0, 0), "min_tokens");
        refusedField(rest(4, 0, Map.of(), List.of(), Set.of(), 21, 0), "logprobs");
        refusedField(rest(4, 0, Map.of(), List.of(), Set.of(), 0, 21), "prompt_logprobs");
        refusedField(rest(4, 0, Map.of(), List.of("a", "b", "c", "d", "e"), Set.of(), 0, 0), "stop");
        refusedField(rest(4, 0, Map.of(), List.of(""), Set.of(), 0, 0), "stop");
        refusedField(rest(4, 0, Map.of(), List.of("a".repeat(257)), Set.of(), 0, 0), "stop");
        refusedField(rest(4, 0, Map.of(), List.of("\uDC00"), Set.of(), 0, 0), "stop");
        assertThat(refused(TEXT, SamplingParams.greedy(4), 0).field()).hasValue("n");
        assertThat(refused(TEXT, SamplingParams.greedy(4), 9).field()).hasValue("n");
    }

    @Test
    void V3_1_tokenIdsAreInTheVocabulary() {
        for (int bad : new int[] {-1, 1000, Integer.MAX_VALUE}) {
            assertThat(refused(new Prompt.Tokens(List.of(1, bad)), SamplingParams.greedy(4), 1)
                            .code())
                    .isEqualTo(ErrorCode.TOKEN_OUT_OF_VOCABULARY);
            refusedField(rest(4, 0, Map.of(bad, 1.0), List.of(), Set.of(), 0, 0), "logit_bias");
            refusedField(rest(4, 0, Map.of(), List.of(), Set.of(bad), 0, 0), "stop_token_ids");
        }
    }

    @Test
    void V1_4_promptsAreBoundedInCodePointsAndTokens() {
        String smile = "\uD83D\uDE00";
        assertThatNoException().isThrownBy(() -> check.text("prompt", smile.repeat(8192)));
        assertThat(refused(new Prompt.Text(smile.repeat(8193)), SamplingParams.greedy(4), 1)
                        .code())
                .isEqualTo(ErrorCode.PROMPT_TOO_LONG);
        ChatMessage half = new ChatMessage("user", "a".repeat(4097));
        assertThat(refused(new Prompt.Chat(List.of(half, half)), SamplingParams.greedy(4), 1)
                        .code())
                .isEqualTo(ErrorCode.PROMPT_TOO_LONG);
        List<Integer> ids = java.util.Collections.nCopies(4093, 1);
        assertThat(refused(new Prompt.Tokens(ids), SamplingParams.greedy(4), 1).code())
                .isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
    }

    @Test
    void V1_4_theDefaultOfMaxTokensGivesWayToThePromptAndAGivenOneDoesNot() {
        SamplingParams given = rest(512, 0, Map.of(), List.of(), Set.of(), 0, 0);
        SamplingParams byDefault = byDefault(0);
        for (int fits : new int[] {1, 4096 - 512}) {
            check.tokens("prompt", fits, given);
            assertThat(check.fitted(fits, given)).isEqualTo(given);
            assertThat(check.fitted(fits, byDefault)).isEqualTo(byDefault);
        }
        assertThat(overContext(4096 - 511, given)).contains("3585 tokens", "max_tokens is 512", "limit of 4096");
        for (int prompt : new int[] {4096 - 511, 4095}) {
            check.tokens("prompt", prompt, byDefault);
            assertThat(check.fitted(prompt, byDefault).maxTokens()).isEqualTo(4096 - prompt);
        }
        assertThat(overContext(4096, byDefault)).contains("4096 tokens", "max_tokens is at least 1", "limit of 4096");
        check.tokens("prompt", 4086, byDefault(10));
        assertThat(overContext(4087, byDefault(10))).contains("max_tokens is at least 10");
    }

    private static SamplingParams byDefault(int minTokens) {
        return new SamplingParams(
                1,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.empty(),
                512,
                true,
                minTokens,
                List.of(),
                Set.of(),
                false,
                OptionalInt.empty(),
                OptionalInt.empty());
    }

    private String overContext(int promptTokens, SamplingParams sampling) {
        ServeException refusal =
                catchThrowableOfType(ServeException.class, () -> check.tokens("prompt", promptTokens, sampling));
        assertThat(refusal.code()).isEqualTo(ErrorCode.CONTEXT_LENGTH_EXCEEDED);
        return String.valueOf(refusal.getMessage());
    }

    @Test
    void emptyPromptsStrangeRolesAndLoneSurrogatesAreRefused() {
        SamplingParams greedy = SamplingParams.greedy(4);
        assertThat(refused(new Prompt.Tokens(List.of()), greedy, 1).code()).isEqualTo(ErrorCode.EMPTY_PROMPT);
        assertThat(refused(new Prompt.Chat(List.of()), greedy, 1).code()).isEqualTo(ErrorCode.EMPTY_PROMPT);
        assertThat(refused(new Prompt.Text("a\uD83D"), greedy, 1).code()).isEqualTo(ErrorCode.WRONG_TYPE);
        ChatMessage strange = new ChatMessage("<|im_start|>", "a");
        assertThat(refused(new Prompt.Chat(List.of(strange)), greedy, 1).code()).isEqualTo(ErrorCode.WRONG_TYPE);
    }
}
