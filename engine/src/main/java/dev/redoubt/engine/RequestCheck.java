package dev.redoubt.engine;

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
import java.util.OptionalInt;
import java.util.Set;

/// The engine's own entry (RULES V3.1): whatever the front end let through, nothing outside of the limits gets
/// near a batch. Messages name the field as the OpenAI API does. Cheap: no tokenization, nothing proportional
/// to the vocabulary.
final class RequestCheck {
    private static final Set<String> ROLES = Set.of("system", "user", "assistant");
    private static final int USER_LENGTH_MAX = 1024;

    private final RequestLimits limits;
    private final int contextTokensMax;
    private final int vocabularySize;

    RequestCheck(RequestLimits limits, int contextTokensMax, int vocabularySize) {
        this.limits = limits;
        this.contextTokensMax = contextTokensMax;
        this.vocabularySize = vocabularySize;
    }

    /// @throws ServeException naming the first field that is out of bounds
    void check(GenerationRequest request) {
        checkSampling(request.sampling());
        range("n", request.choices(), 1, limits.choicesMax());
        user(request.caller());
        switch (request.prompt()) {
            case Prompt.Text prompt -> text("prompt", prompt.text());
            case Prompt.Tokens prompt -> {
                for (int id : prompt.ids()) tokenId("prompt", id);
                tokens("prompt", prompt.ids().size(), request.sampling());
            }
            case Prompt.Chat prompt -> messages(prompt.messages());
        }
    }

    void user(Caller caller) {
        caller.endUser().ifPresent(user -> {
            if (user.length() > USER_LENGTH_MAX)
                throw outOfRange("user", user.length() + " characters", "up to " + USER_LENGTH_MAX);
        });
    }

    /// A plain text to tokenize.
    void text(String field, String text) {
        wellFormed(field, text);
        length(field, text.codePointCount(0, text.length()));
    }

    /// A conversation to render.
    void messages(List<ChatMessage> messages) {
        if (messages.isEmpty()) throw ServeException.ofField(ErrorCode.EMPTY_PROMPT, "messages", "messages");
        long codePoints = 0;
        for (ChatMessage message : messages) {
            if (!ROLES.contains(message.role()))
                throw ServeException.ofField(
                        ErrorCode.WRONG_TYPE, "messages", "messages.role", "system, user or assistant");
            wellFormed("messages", message.content());
            codePoints += message.content().codePointCount(0, message.content().length());
        }
        length("messages", codePoints);
    }

    /// What only tokenization can tell: whether prompt and answer fit into the context. A `max_tokens` that the
    /// caller gave must fit as it is; the default gives way to what the prompt leaves, down to one token.
    void tokens(String field, int promptTokens, SamplingParams sampling) {
        if (promptTokens == 0) throw ServeException.ofField(ErrorCode.EMPTY_PROMPT, field, field);
        boolean yields = sampling.maxTokensYields();
        int least = yields ? Math.max(1, sampling.minTokens()) : sampling.maxTokens();
        if ((long) promptTokens + least > contextTokensMax)
            throw ServeException.ofField(
                    ErrorCode.CONTEXT_LENGTH_EXCEEDED,
                    field,
                    promptTokens,
                    yields ? "at least " + least : least,
                    contextTokensMax);
    }

    /// The sampling of a prompt that passed [#tokens], with a `max_tokens` that fits.
    SamplingParams fitted(int promptTokens, SamplingParams sampling) {
        int room = contextTokensMax - promptTokens;
        return sampling.maxTokens() <= room ? sampling : sampling.withMaxTokens(room);
    }

    void tokenId(String field, int id) {
        if (id < 0 || id >= vocabularySize)
            throw ServeException.ofField(ErrorCode.TOKEN_OUT_OF_VOCABULARY, field, field, id, vocabularySize - 1);
    }

    private void checkSampling(SamplingParams sampling) {
        range("max_tokens", sampling.maxTokens(), 1, limits.maxTokensMax());
        range("min_tokens", sampling.minTokens(), 0, sampling.maxTokens());
        range("temperature", sampling.temperature(), 0, limits.temperatureMax());
        range("top_p", sampling.topP(), 0, 1);
        if (sampling.topP() <= 0) throw outOfRange("top_p", sampling.topP(), "above 0, at most 1");
        range("top_k", sampling.topK(), 0, Integer.MAX_VALUE);
        range("min_p", sampling.minP(), 0, 1);
        range("presence_penalty", sampling.presencePenalty(), -2, 2);
        range("frequency_penalty", sampling.frequencyPenalty(), -2, 2);
        double repetition = sampling.repetitionPenalty();
        if (!(repetition > 0) || Double.isInfinite(repetition))
            throw outOfRange("repetition_penalty", repetition, "finite and above 0");
        range("logit_bias entries", sampling.logitBias().size(), 0, limits.logitBiasMax());
        for (Map.Entry<Integer, Double> bias : sampling.logitBias().entrySet()) {
            tokenId("logit_bias", bias.getKey());
            range("logit_bias", bias.getValue(), -100, 100);
        }
        range("stop entries", sampling.stop().size(), 0, limits.stopStringsMax());
        for (String stop : sampling.stop()) {
            wellFormed("stop", stop);
            range("stop code points", stop.codePointCount(0, stop.length()), 1, limits.stopStringLengthMax());
        }
        range("stop_token_ids entries", sampling.stopTokenIds().size(), 0, limits.stopTokenIdsMax());
        for (int id : sampling.stopTokenIds()) tokenId("stop_token_ids", id);
        logprobs("logprobs", sampling.logprobs());
        logprobs("prompt_logprobs", sampling.promptLogprobs());
    }

    private void logprobs(String field, OptionalInt top) {
        if (top.isPresent()) range(field, top.getAsInt(), 0, Math.min(limits.logprobsMax(), vocabularySize));
    }

    private void length(String field, long codePoints) {
        if (codePoints > limits.promptCodePointsMax())
            throw ServeException.ofField(
                    ErrorCode.PROMPT_TOO_LONG, field, field, codePoints, limits.promptCodePointsMax());
    }

    /// A lone surrogate is no character: it would not survive UTF-8, so what is tokenized would not be what was
    /// sent.
    private static void wellFormed(String field, String text) {
        if (text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE))
            throw ServeException.ofField(
                    ErrorCode.WRONG_TYPE, field, field, "valid Unicode text, without lone surrogates");
    }

    private static void range(String field, long value, long low, long high) {
        if (value < low || value > high) throw outOfRange(field, value, low + " to " + high);
    }

    /// NaN is outside of every range.
    private static void range(String field, double value, double low, double high) {
        if (!(value >= low && value <= high)) throw outOfRange(field, value, low + " to " + high);
    }

    private static ServeException outOfRange(String field, Object value, String allowed) {
        int end = field.indexOf(' ');
        return ServeException.ofField(
                ErrorCode.OUT_OF_RANGE, end < 0 ? field : field.substring(0, end), field, value, allowed);
    }
}
