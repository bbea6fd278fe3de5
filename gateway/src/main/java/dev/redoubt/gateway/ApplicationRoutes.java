package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.Access.Metering;
import dev.redoubt.gateway.Access.Needs;
import dev.redoubt.gateway.ApplicationCall.Asked;
import dev.redoubt.gateway.Route.Handling;
import dev.redoubt.gateway.RouteTable.Resolved;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.Scope;
import dev.redoubt.serve.Route.Method;
import dev.redoubt.serve.control.Absence;
import dev.redoubt.serve.control.Ingress;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.replica.RoutePattern;
import dev.redoubt.serve.schema.Schema;
import io.vertx.core.http.HttpServerRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;

/// `/{application}` and what its ingress answers below it: found by who asks, so that nobody can tell a foreign
/// application from one that is not there (R4.3). A language model has none of this: it is called at `/v1`. Safe for
/// any thread.
final class ApplicationRoutes implements Dispatcher.OwnRoutes {
    /// How the routes that an application declares are called in logs and metrics, where its own words have no
    /// place.
    private static final String BELOW = "/{application}/{route}";

    static final String SELF = "/{application}";
    static final String DESCRIPTION = "/openapi.json";
    private static final String BODY = "body";
    private static final Access CALLING = new Needs(Scope.INFERENCE, Metering.REQUEST);
    private static final Access READING = new Needs(Scope.INFERENCE, Metering.READ);

    private final EdgeServices services;
    private final Optional<Platform> platform;
    private final WebSockets sockets;

    ApplicationRoutes(EdgeServices services, Optional<Platform> platform, WebSockets sockets) {
        this.services = services;
        this.platform = platform;
        this.sockets = sockets;
    }

    /// What of the caller's own application the request means, if its path is there.
    @Override
    public Optional<Resolved> find(Principal caller, HttpServerRequest request, String path) {
        String own = caller.application();
        boolean named =
                path.startsWith(own, 1) && (path.length() == own.length() + 1 || path.charAt(own.length() + 1) == '/');
        if (!named || platform.isEmpty()) return Optional.empty();
        String below = path.substring(own.length() + 1);
        Optional<Ingress> ingress = platform.get().ingress(own);
        if (ingress.isPresent()) return find(own, ingress.get(), request, below);
        return platform.get()
                .absence(own)
                .filter(one -> one.model().isEmpty())
                .flatMap(one -> refused(one, request.method().name(), below));
    }

    /// Which routes it has nobody knows now.
    private static Optional<Resolved> refused(Absence absence, String method, String below) {
        boolean itself = below.isEmpty() || below.equals("/");
        return resolved(
                READING,
                itself ? SELF : BELOW,
                new Handling.Head(method, exchange -> exchange.refuseAndCloseIfUnread(absence.refusal())));
    }

    private Optional<Resolved> find(String own, Ingress ingress, HttpServerRequest request, String below) {
        boolean itself = below.isEmpty() || below.equals("/");
        String method = request.method().name();
        if (itself && method.equals("POST")) return resolved(CALLING, SELF, call(ingress, method, Map.of()));
        if (itself && WebSockets.asked(request))
            return resolved(READING, SELF, new Handling.Socket(exchange -> sockets.open(exchange, own)));
        if (below.equals(DESCRIPTION))
            return resolved(
                    READING,
                    SELF + DESCRIPTION,
                    new Handling.Get((exchange, none) ->
                            exchange.reply(200, "application/json", ApplicationOpenApi.describe(own, ingress.face()))));
        List<String> segments =
                itself ? List.of() : Arrays.asList(below.substring(1).split("/", -1));
        Set<String> allowed = new TreeSet<>();
        if (itself) allowed.add("POST");
        for (RoutePattern route : ingress.face().routes()) {
            Optional<Map<String, String>> values = route.match(segments);
            if (values.isEmpty()) continue;
            if (route.method().name().equals(method))
                return resolved(CALLING, itself ? SELF : BELOW, call(ingress, route.method(), values.get()));
            allowed.add(route.method().name());
        }
        if (allowed.isEmpty()) return Optional.empty();
        return resolved(CALLING, itself ? SELF : BELOW, new Handling.OtherMethod(String.join(", ", allowed)));
    }

    /// Why an application has no ingress, for its own callers.
    ///
    /// @param platform empty: none that the caller may know of
    static ServeException unknown(Optional<Platform> platform, String application) {
        return platform.flatMap(one -> one.absence(application))
                .filter(one -> one.model().isEmpty())
                .map(Absence::refusal)
                .orElseGet(() -> ServeException.of(ErrorCode.ROUTE_NOT_FOUND, Handlers.DESCRIPTION));
    }

    /// @throws ServeException unless the caller may call applications
    static void checkScope(Principal caller) {
        if (!caller.scopes().contains(Scope.INFERENCE))
            throw ServeException.of(ErrorCode.FORBIDDEN, Scope.INFERENCE.wire());
    }

    private static Optional<Resolved> resolved(Access access, String template, Handling handling) {
        return Optional.of(
                new Resolved(new Route(access, template, handling, "calls the ingress of an application"), ""));
    }

    private Handling call(Ingress ingress, Method method, Map<String, String> path) {
        if (method.hasBody()) return call(ingress, method.name(), path);
        return new Handling.Head(method.name(), exchange -> {
            if (exchange.unread()) throw ServeException.ofField(ErrorCode.UNKNOWN_FIELD, BODY, BODY);
            start(
                    exchange,
                    ingress,
                    CallInput.ofQuery(ingress.face().input(), path, RequestHeads.query(exchange.request())));
        });
    }

    private Handling call(Ingress ingress, String method, Map<String, String> path) {
        Schema schema = ingress.face().input();
        Set<BodyType> taken = BodyType.taken(CallInput.besidePath(schema, path.keySet()));
        return new Handling.Call(method, taken, Optional.empty(), (exchange, type, body) -> {
            JsonNode decoded = services.decoding()
                    .read(exchange.record(), type, exchange.request().headers(), schema, body);
            start(exchange, ingress, CallInput.ofBody(schema, path, decoded));
        });
    }

    private void start(Exchange exchange, Ingress ingress, JsonNode input) {
        long limit = services.limits().requestTimeout().toNanos();
        new ApplicationCall(services, new HttpReply(exchange, ingress.face()), ingress)
                .start(
                        input,
                        new Asked(
                                exchange.id(),
                                exchange.principal(),
                                exchange.startNanos() + limit,
                                ApplicationCall.model(exchange.request().headers())));
    }
}
