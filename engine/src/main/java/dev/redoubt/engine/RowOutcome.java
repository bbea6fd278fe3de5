package dev.redoubt.engine;

import dev.redoubt.base.generation.TokenLogprob;
import java.util.Optional;

/// What one wanted row gave.
sealed interface RowOutcome {
    /// @param logprob present if the sequence asked for logprobs
    record Token(int id, Optional<TokenLogprob> logprob) implements RowOutcome {}

    /// Of a prompt token.
    record Logprob(TokenLogprob logprob) implements RowOutcome {}

    /// This row alone could not be used.
    record Fault(Throwable cause) implements RowOutcome {}
}
