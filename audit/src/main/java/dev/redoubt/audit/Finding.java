package dev.redoubt.audit;

import dev.redoubt.audit.source.Span;
import java.util.List;

/// A place that breaks a rule.
///
/// @param path of the file, with `/`
/// @param span in the file
/// @param textLine the line in the text that was read: of a notebook, of its code
/// @param message what stands there and why it is wrong, without secrets
/// @param line the text of the first line, cut
/// @param fix what to write instead, where that is mechanical; may be empty
/// @param fingerprint the same for the same text in the same file, wherever its line moves
public record Finding(
        CheckInfo check,
        Level level,
        String path,
        Span span,
        int textLine,
        String message,
        String line,
        List<Edit> fix,
        String fingerprint) {
    /// The same in other words.
    Finding saying(String other) {
        return new Finding(check, level, path, span, textLine, other, line, fix, fingerprint);
    }

    /// The same as a note, and why it is no more than that.
    Finding asNote(String why) {
        return new Finding(check, Level.NOTE, path, span, textLine, message + " (" + why + ")", line, fix, fingerprint);
    }

    /// The same where nobody is served: a note, unless it is wrong wherever it stands.
    Finding unserved(String why) {
        return check.isOfServing(level) ? asNote(why) : this;
    }
}
