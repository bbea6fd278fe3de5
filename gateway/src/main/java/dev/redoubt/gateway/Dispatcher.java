package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.gateway.Route.Handling;
import dev.redoubt.gateway.RouteTable.Resolved;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.Scope;
import io.vertx.core.http.HttpServerRequest;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.BooleanSupplier;

/// From a request's head to its handler.
final class Dispatcher {
    /* The order is part of the contract. Without a valid key every path that is no probe answers 401, whether it exists or
     * not, so a stranger learns nothing; a key's scope is checked on the route that was resolved, never on the path's text
     * (R4.4); and nothing of a body is read before that. */
    private final EdgeServices services;
    private final RouteTable routes;
    private final Authenticator authenticator;
    private final RequestHeads heads;
    private final BooleanSupplier closing;
    private final StrictJson json;

    Dispatcher(
            EdgeServices services,
            RouteTable routes,
            Authenticator authenticator,
            RequestHeads heads,
            BooleanSupplier closing) {
        this.services = services;
        this.routes = routes;
        this.authenticator = authenticator;
        this.heads = heads;
        this.closing = closing;
        JsonLimits defaults = JsonLimits.REQUEST;
        this.json = new StrictJson(new JsonLimits(
                services.limits().bodyBytesMax(),
                defaults.depthMax(),
                defaults.tokensMax(),
                defaults.stringLengthMax(),
                defaults.nameLengthMax(),
                defaults.numberLengthMax()));
    }

    /// On the event loop of the request.
    void dispatch(Exchange exchange) {
        HttpServerRequest request = exchange.request();
        try {
            heads.check(request); // is it HTTP as we take it
        } catch (ServeException malformed) {
            exchange.refuseAndClose(malformed); // who sent this cannot be trusted to frame the next one
            return;
        }
        try {
            Optional<Resolved> resolved = routes.find(RequestHeads.path(request)); // what is asked for
            resolved.ifPresent(found -> exchange.routed(found.route()));
            Access access = resolved.map(found -> found.route().access()).orElse(new Access.Needs(Scope.INFERENCE));
            authorize(exchange, access, resolved.isPresent()); // by whom
            Resolved target = resolved.orElseThrow(() -> ServeException.of(ErrorCode.ROUTE_NOT_FOUND));
            Handling handling = target.route().handling();
            heads.checkMethod(request, exchange, handling.method()); // and how
            heads.checkQuery(request);
            switch (handling) {
                case Handling.Probe probe -> exchange.replyStatus(probe.status().getAsInt());
                case Handling.Get get -> work(exchange, 0, () -> get.handler().accept(exchange, target.parameter()));
                case Handling.Post post -> {
                    if (closing.getAsBoolean()) throw ServeException.of(ErrorCode.SHUTTING_DOWN);
                    BodyReader.read(
                            exchange,
                            body -> work(exchange, body.length, () -> {
                                post.handler().accept(exchange, post.body().decode("", parse(body)));
                            }));
                }
            }
        } catch (ServeException refusal) {
            exchange.refuseAndCloseIfUnread(refusal);
        } catch (RuntimeException fault) {
            exchange.fail(fault);
        }
    }

    private void authorize(Exchange exchange, Access access, boolean known) {
        switch (access) {
            case Access.Open() -> {}
            case Access.Needs(Scope scope) -> {
                Principal caller = authenticator
                        .caller(exchange.request(), heads)
                        .orElseThrow(() -> ServeException.of(ErrorCode.UNAUTHENTICATED));
                exchange.authenticated(caller);
                if (known && !caller.scopes().contains(scope))
                    throw ServeException.of(ErrorCode.FORBIDDEN, scope.wire());
            }
        }
    }

    private void work(Exchange exchange, int bodyBytes, Runnable handler) {
        try {
            services.workers().execute(() -> {
                try {
                    if (!exchange.gone()) handler.run();
                } catch (RuntimeException | Error fault) {
                    exchange.fail(fault);
                } finally {
                    services.bodies().give(bodyBytes);
                }
            });
        } catch (RejectedExecutionException full) {
            services.bodies().give(bodyBytes);
            exchange.refuse(ServeException.of(ErrorCode.QUEUE_FULL, HttpEdge.WORK_QUEUE_MAX, HttpEdge.WORK_QUEUE_MAX));
        }
    }

    private tools.jackson.databind.JsonNode parse(byte[] body) {
        try {
            return json.parse(body);
        } catch (JsonRefusal refusal) {
            if (!refusal.duplicateField().isEmpty())
                throw ServeException.ofField(
                        ErrorCode.DUPLICATE_FIELD, refusal.duplicateField(), refusal.duplicateField());
            throw ServeException.of(ErrorCode.INVALID_JSON, refusal.problem(), refusal.line(), refusal.column());
        }
    }
}
