package dev.redoubt.base.generation;

import dev.redoubt.base.Check;
import java.util.List;

/// One prompt and what is wanted of it.
///
/// @param routeStops strings that end the text beside the caller's own, by the policy of its route (V1.5): not
///     part of the text, and looked for from the first token on, whatever `minTokens` says
/// @param choices how many independent continuations (`n`), 1 or more
/// @param deadlineNanos on the model's [dev.redoubt.base.TimeSource#nanos()]: past it the request ends and
///     frees its blocks
public record GenerationRequest(
        Caller caller,
        Prompt prompt,
        SamplingParams sampling,
        List<String> routeStops,
        int choices,
        long deadlineNanos) {
    public GenerationRequest {
        routeStops = List.copyOf(routeStops);
        Check.that(routeStops.stream().noneMatch(String::isEmpty), "a stop string of a route is empty");
    }
}
