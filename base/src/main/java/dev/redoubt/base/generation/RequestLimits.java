package dev.redoubt.base.generation;

import dev.redoubt.base.Check;
import java.time.Duration;

/// Bounds of one request; the defaults are the numbers of RULES R1, V1, V3 and V5. Checked at the engine's own
/// entry (V3.1) and, for a better message, at the edge.
///
/// @param promptCodePointsMax of a prompt's text or of all message contents together
/// @param maxTokensMax of `max_tokens`
/// @param maxTokensDefault where `max_tokens` is absent
/// @param temperatureMax of `temperature`
/// @param temperatureDefault where `temperature` is absent
/// @param choicesMax of `n`
/// @param promptsMax prompts in one request (R1.4)
/// @param stopStringsMax of `stop`
/// @param stopStringLengthMax code points of one stop string
/// @param stopTokenIdsMax of `stop_token_ids`
/// @param logitBiasMax entries of `logit_bias`
/// @param logprobsMax of `top_logprobs`, `logprobs` and `prompt_logprobs`
/// @param bodyBytesMax of a request body
/// @param requestTimeout end to end (R1.3)
public record RequestLimits(
        int promptCodePointsMax,
        int maxTokensMax,
        int maxTokensDefault,
        double temperatureMax,
        double temperatureDefault,
        int choicesMax,
        int promptsMax,
        int stopStringsMax,
        int stopStringLengthMax,
        int stopTokenIdsMax,
        int logitBiasMax,
        int logprobsMax,
        long bodyBytesMax,
        Duration requestTimeout) {
    /// Characters of an answer for each token of its `max_tokens` (V5.4).
    public static final int OUTPUT_CHARS_PER_TOKEN_MAX = 10;

    public static final RequestLimits DEFAULT =
            new RequestLimits(8192, 2048, 512, 2.0, 0.7, 8, 32, 4, 64, 64, 300, 20, 10_000_000, Duration.ofSeconds(30));

    public RequestLimits {
        Check.positive("promptCodePointsMax", promptCodePointsMax);
        Check.positive("maxTokensMax", maxTokensMax);
        Check.inRange("maxTokensDefault", maxTokensDefault, 1, maxTokensMax);
        Check.inRange("temperatureDefault", temperatureDefault, 0, temperatureMax);
        Check.positive("choicesMax", choicesMax);
        Check.positive("promptsMax", promptsMax);
        Check.positive("bodyBytesMax", bodyBytesMax);
    }
}
