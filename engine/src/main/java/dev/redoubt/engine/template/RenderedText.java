package dev.redoubt.engine.template;

import java.util.List;

/// Rendered chat text that remembers which characters come from the template (trusted: control tokens may be
/// recognised there) and which from a caller's data (never).
///
/// @param pieces in order; neighbours may have the same origin
public record RenderedText(List<Piece> pieces) {
    public RenderedText {
        pieces = List.copyOf(pieces);
    }

    /// @param fromTemplate the text stands in the template, or is one of the model's own token names
    ///     (`bos_token`)
    public record Piece(String text, boolean fromTemplate) {}

    /// The whole text.
    public String text() {
        StringBuilder all = new StringBuilder();
        for (Piece piece : pieces) all.append(piece.text());
        return all.toString();
    }
}
