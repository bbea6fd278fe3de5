package dev.redoubt.base.generation;

/// Tokens and times of one generation.
///
/// @param cachedTokens prompt tokens taken from the prefix cache
/// @param completionTokens of all choices
/// @param queueNanos from arrival to the first step that computed something
/// @param firstTokenNanos from arrival to the first token; 0 if there was none
/// @param totalNanos from arrival to the end
public record Usage(
        int promptTokens,
        int cachedTokens,
        int completionTokens,
        long queueNanos,
        long firstTokenNanos,
        long totalNanos) {}
