package dev.redoubt.engine;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.TokenLogprob;
import java.util.List;
import java.util.Optional;

/// What is handed to the output thread, in order.
sealed interface Output {
    LiveRequest request();

    /// The prompt is computed.
    record Started(LiveRequest request, int cachedTokens, List<TokenLogprob> promptLogprobs) implements Output {}

    /// A token of one choice.
    ///
    /// @param silent an end-of-sequence or stop token: its own text is not shown
    /// @param end present if it is the choice's last
    record Token(
            LiveRequest request,
            int choice,
            int id,
            Optional<TokenLogprob> logprob,
            boolean silent,
            Optional<FinishReason> end)
            implements Output {}

    /// A choice ended without a token: cancelled, or the deadline passed.
    record Ended(LiveRequest request, int choice, FinishReason reason) implements Output {}

    /// The whole request ended by an error.
    record Failed(LiveRequest request, ServeException error) implements Output {}
}
