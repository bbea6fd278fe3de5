package dev.redoubt.base.generation;

import dev.redoubt.base.ServeException;
import java.util.List;

/// One thing that happened to a generation.
public sealed interface GenerationEvent {
    /// The prompt is computed. Comes first, once; not at all if the generation fails before.
    ///
    /// @param promptLogprobs one entry for every prompt token but the first, in order; empty unless asked for
    record Started(int promptTokens, int cachedTokens, List<TokenLogprob> promptLogprobs) implements GenerationEvent {}

    /// More of one choice.
    ///
    /// @param choice 0-based, below `n`
    /// @param text whole code points; may be empty while a code point or a stop string is incomplete
    /// @param tokenIds those newly accepted, in order
    /// @param logprobs one for each id in `tokenIds`; empty unless asked for
    record Delta(int choice, String text, List<Integer> tokenIds, List<TokenLogprob> logprobs)
            implements GenerationEvent {}

    /// One choice is finished.
    ///
    /// @param tokens generated, the end-of-sequence or stop token included
    record Finished(int choice, FinishReason reason, int tokens) implements GenerationEvent {}

    /// All choices are finished; the last event.
    record Completed(Usage usage) implements GenerationEvent {}

    /// The generation ended by an error; the last event.
    record Failed(ServeException error, Usage usage) implements GenerationEvent {}
}
