package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.Access.Metering;
import dev.redoubt.gateway.Route.Handling;
import dev.redoubt.gateway.RouteTable.Resolved;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.limit.FailureLimit;
import dev.redoubt.policy.limit.RateLimiter;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.util.Optional;
import java.util.Set;

/// From a request's head to its handler.
final class Dispatcher {
    /* The order is part of the contract. Without a valid key every path that is no probe answers 401, whether it exists or
     * not, so a stranger learns nothing; a key's scope is checked on the route that was resolved, never on the path's text
     * (R4.4); and nothing of a body is read before that. Whoever is authenticated is counted next, whatever then becomes of the
     * request. Whoever is not is counted by address; that counts against nobody who has a valid key. */
    private static final Access UNKNOWN = new Access.Needs(Scope.INFERENCE, Metering.READ);

    /// Routes that there are for some callers only.
    interface OwnRoutes {
        Optional<Resolved> find(Principal caller, HttpServerRequest request, String path);
    }

    private final EdgeServices services;
    private final RouteTable routes;
    private final OwnRoutes own;
    private final Callers callers;
    private final RateLimiter limiter;
    private final FailureLimit failures;
    private final RequestHeads heads;
    private final CallAdmission admission;

    Dispatcher(
            EdgeServices services,
            RouteTable routes,
            OwnRoutes own,
            Callers callers,
            RateLimiter limiter,
            RequestHeads heads,
            CallAdmission admission,
            FailureLimit failures) {
        this.services = services;
        this.routes = routes;
        this.own = own;
        this.callers = callers;
        this.limiter = limiter;
        this.failures = failures;
        this.heads = heads;
        this.admission = admission;
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
            Resolved target = resolve(exchange); // what is asked for, by whom, and how often
            Handling handling = target.route().handling();
            heads.checkMethod(request, exchange, handling.method()); // and how
            if (!(handling instanceof Handling.Head)) heads.checkQuery(request);
            switch (handling) {
                case Handling.Probe probe -> exchange.replyStatus(probe.status().getAsInt());
                case Handling.Get get -> {
                    String parameter = target.parameter();
                    services.workers().run(exchange, () -> get.handler().accept(exchange, parameter));
                }
                case Handling.Post post ->
                    BodyReader.read(
                            exchange,
                            Set.of(BodyType.JSON),
                            (type, body) -> decoded(
                                    exchange,
                                    body,
                                    () -> post.handler()
                                            .accept(
                                                    exchange,
                                                    post.body()
                                                            .decode(
                                                                    "",
                                                                    services.decoding()
                                                                            .json(exchange.record(), body))),
                                    exchange.record()::giveBody));
                case Handling.Call call ->
                    BodyReader.read(
                            exchange,
                            call.taken(),
                            (type, body) -> decoded(
                                    exchange,
                                    body,
                                    () -> call.handler().start(exchange, type, body),
                                    () -> {})); // what it says waits for a replica, in memory
                case Handling.Head head ->
                    Workers.runHere(exchange, () -> head.handler().accept(exchange), () -> {});
                case Handling.Socket socket -> socket.handler().accept(exchange);
                case Handling.OtherMethod other -> throw new IllegalStateException("let through: " + request.method());
            }
        } catch (ServeException refusal) {
            exchange.refuseAndCloseIfUnread(refusal);
        } catch (RuntimeException fault) {
            exchange.fail(fault);
        }
    }

    private Resolved resolve(Exchange exchange) {
        String path = RequestHeads.path(exchange.request());
        Optional<Resolved> known = routes.find(path);
        known.ifPresent(found -> exchange.routed(found.route()));
        if (known.isPresent() && known.get().route().access() instanceof Access.Open) return known.get();
        Principal caller = authenticate(exchange.request());
        exchange.authenticated(caller);
        Optional<Resolved> resolved = known.isPresent() ? known : own.find(caller, exchange.request(), path);
        resolved.ifPresent(found -> exchange.routed(found.route()));
        authorize(exchange, caller, resolved.map(found -> found.route().access()));
        return resolved.orElseThrow(
                () -> ServeException.of(ErrorCode.ROUTE_NOT_FOUND, description(caller, exchange.request(), path)));
    }

    /// Where the routes are listed that were meant.
    private String description(Principal caller, HttpServerRequest request, String path) {
        String application = "/" + caller.application();
        String description = application + ApplicationRoutes.DESCRIPTION;
        boolean meant = path.startsWith(application + "/")
                && own.find(caller, request, description).isPresent();
        return meant ? description : routes.description();
    }

    /// @param access empty: there is no such route, for this caller at least
    private void authorize(Exchange exchange, Principal caller, Optional<Access> access) {
        Access.Needs needs = (Access.Needs) access.orElse(UNKNOWN);
        boolean allowed = caller.scopes().contains(needs.scope());
        boolean read = access.isEmpty() || !allowed || needs.metering() == Metering.READ;
        if (read && callers.metered()) limiter.read(caller);
        if (access.isPresent() && !allowed)
            throw ServeException.of(ErrorCode.FORBIDDEN, needs.scope().wire());
        if (!read) admit(exchange, caller);
    }

    private Principal authenticate(HttpServerRequest request) {
        Optional<Principal> caller = callers.caller(request.headers(), request.connection(), heads);
        if (caller.isPresent()) return caller.get();
        failures.failed(InetAddress.ofLiteral(request.remoteAddress().hostAddress()));
        throw ServeException.of(ErrorCode.UNAUTHENTICATED);
    }

    private void admit(Exchange exchange, Principal caller) {
        admission.checkOpen();
        exchange.metered(() -> limiter.quota(caller));
        exchange.admitted(admission.admit(caller));
    }

    /// What a body is for; where it is small, at once.
    private void decoded(Exchange exchange, byte[] body, Runnable work, Runnable after) {
        if (body.length <= Workers.SMALL_BODY_BYTES_MAX) Workers.runHere(exchange, work, after);
        else services.workers().run(exchange, work, after);
    }
}
