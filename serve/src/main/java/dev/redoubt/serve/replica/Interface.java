package dev.redoubt.serve.replica;

import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.serve.schema.Schema;
import java.util.List;
import java.util.Optional;

/// What a deployment takes, gives and calls: what its graph is checked by (R5.1).
///
/// @param streams whether it gives items, each of `output`
/// @param routes what it answers as an ingress beside `POST /{application}`; of two that match, the first
/// @param language what its replicas are, where they are [LanguageServant]s
public record Interface(
        Schema input,
        Schema output,
        boolean streams,
        List<Edge> calls,
        List<RoutePattern> routes,
        Optional<ModelCard> language) {
    /// @throws IllegalArgumentException if a route does not go with the input
    public Interface {
        calls = List.copyOf(calls);
        routes = RoutePattern.checked(routes, input);
    }

    /// Without routes of its own.
    public Interface(Schema input, Schema output, boolean streams, List<Edge> calls) {
        this(input, output, streams, calls, List.of());
    }

    /// Of anything but a language model.
    public Interface(Schema input, Schema output, boolean streams, List<Edge> calls, List<RoutePattern> routes) {
        this(input, output, streams, calls, routes, Optional.empty());
    }

    /// @param target a deployment of the same application
    /// @param input what it is given
    /// @param output what is made of its reply
    public record Edge(String target, Schema input, Schema output) {}
}
