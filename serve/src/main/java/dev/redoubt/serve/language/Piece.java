package dev.redoubt.serve.language;

import java.util.Optional;

/// A part of an answer. The last one says why it ends, and what it took.
///
/// @param text whole code points; may be empty
/// @param finishReason `stop` or `length`, in the last piece only
/// @param usage in the last piece only
public record Piece(String text, Optional<String> finishReason, Optional<Usage> usage) {
    /// Tokens of one answer.
    public record Usage(int promptTokens, int cachedTokens, int completionTokens) {}

    public static Piece of(String text) {
        return new Piece(text, Optional.empty(), Optional.empty());
    }

    public static Piece last(String finishReason, Usage usage) {
        return new Piece("", Optional.of(finishReason), Optional.of(usage));
    }
}
