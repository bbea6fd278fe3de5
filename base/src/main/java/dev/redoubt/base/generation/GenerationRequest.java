package dev.redoubt.base.generation;

/// One prompt and what is wanted of it.
///
/// @param choices how many independent continuations (`n`), 1 or more
/// @param deadlineNanos on the model's [dev.redoubt.base.TimeSource#nanos()]: past it the request ends and
///     frees its blocks
public record GenerationRequest(
        Caller caller, Prompt prompt, SamplingParams sampling, int choices, long deadlineNanos) {}
