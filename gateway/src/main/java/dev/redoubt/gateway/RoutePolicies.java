package dev.redoubt.gateway;

import dev.redoubt.base.Check;
import dev.redoubt.policy.screen.ScreenRules;
import java.util.List;

/// What the operator has laid down for the routes that generate, whatever a caller asks for.
///
/// @param completionStops strings that end a text of the completion routes, `/v1/completions` and `/generate`,
///     beside the caller's own and not counted among them (V1.5); one or more
/// @param screen of prompts
public record RoutePolicies(List<String> completionStops, ScreenRules screen) {
    /// Where the next speaker of a dialogue would begin: a completion that goes on there puts words into a user's
    /// mouth.
    public static final RoutePolicies DEFAULT =
            new RoutePolicies(List.of("\n\nHuman:", "\n\nUser:"), ScreenRules.DEFAULT);

    public RoutePolicies {
        completionStops = List.copyOf(completionStops);
        Check.that(!completionStops.isEmpty(), "the completion routes have no stop string");
    }
}
