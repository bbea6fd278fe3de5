package dev.redoubt.audit;

import dev.redoubt.audit.source.Span;
import java.util.List;

/// A place that breaks a rule.
///
/// @param path of the file, with `/`
/// @param message what stands there and why it is wrong, without secrets
/// @param line the text of the first line, cut
/// @param fix what to write instead, where that is mechanical; may be empty
/// @param fingerprint the same for the same text in the same file, wherever its line moves
public record Finding(
        CheckInfo check,
        Level level,
        String path,
        Span span,
        String message,
        String line,
        List<Edit> fix,
        String fingerprint) {
    /// The same in other words.
    Finding saying(String other) {
        return new Finding(check, level, path, span, other, line, fix, fingerprint);
    }

    /// The same as a note, and why it is no more than that.
    Finding asNote(String why) {
        return new Finding(check, Level.NOTE, path, span, message + " (" + why + ")", line, fix, fingerprint);
    }
}
