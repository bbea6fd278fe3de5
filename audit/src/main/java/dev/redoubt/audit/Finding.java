package dev.redoubt.audit;

import dev.redoubt.audit.source.Span;

/// A place that breaks a rule.
///
/// @param path of the file, with `/`
/// @param message what stands there and why it is wrong, without secrets
/// @param line the text of the first line, cut
/// @param fingerprint the same for the same text in the same file, wherever its line moves
public record Finding(
        CheckInfo check, Level level, String path, Span span, String message, String line, String fingerprint) {}
