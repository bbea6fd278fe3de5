package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import java.util.List;
import java.util.Optional;

/// What a caller asked for, decoded and within the limits.
///
/// @param model empty: the only one that is served
/// @param prompts one or more; each is answered by `choices` choices
/// @param endUser the request's `user`
/// @param includeUsage a streamed answer ends with a chunk of usage
/// @param echo the text of an answer begins with its prompt
public record GenerationCall(
        Optional<String> model,
        List<Prompt> prompts,
        SamplingParams sampling,
        int choices,
        Optional<String> endUser,
        boolean stream,
        boolean includeUsage,
        boolean echo) {
    public GenerationCall {
        prompts = List.copyOf(prompts);
    }
}
