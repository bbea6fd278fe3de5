package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.gateway.Access.Metering;
import dev.redoubt.gateway.Route.Handling;
import dev.redoubt.gateway.RouteTable.Resolved;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.limit.FailureLimit;
import dev.redoubt.policy.limit.RateLimiter;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// From a request's head to its handler.
final class Dispatcher {
    /* The order is part of the contract. Without a valid key every path that is no probe answers 401, whether it exists or
     * not, so a stranger learns nothing; a key's scope is checked on the route that was resolved, never on the path's text
     * (R4.4); and nothing of a body is read before that. Whoever is authenticated is counted next, whatever then becomes of the
     * request. Whoever is not is counted by address; that counts against nobody who has a valid key. */
    private static final Access UNKNOWN = new Access.Needs(Scope.INFERENCE, Metering.READ);

    /// Reading and checking as much takes less than waking another thread.
    private static final int SMALL_BODY_BYTES_MAX = 4096;

    private static final Duration AUDIT_RETRY = Duration.ofSeconds(1); // the log tries its disk more often

    private final EdgeServices services;
    private final RouteTable routes;
    private final Callers callers;
    private final RateLimiter limiter;
    private final FailureLimit failures;
    private final RequestHeads heads;
    private final BooleanSupplier closing;
    private final StrictJson json;

    Dispatcher(
            EdgeServices services,
            RouteTable routes,
            Callers callers,
            RateLimiter limiter,
            RequestHeads heads,
            BooleanSupplier closing) {
        this.services = services;
        this.routes = routes;
        this.callers = callers;
        this.limiter = limiter;
        this.failures = new FailureLimit(limiter.limits().failuresPerMinute(), services.time());
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
            Access access = resolved.map(found -> found.route().access()).orElse(UNKNOWN);
            authorize(exchange, access, resolved.isPresent()); // by whom, and how often
            Resolved target = resolved.orElseThrow(() -> ServeException.of(ErrorCode.ROUTE_NOT_FOUND));
            Handling handling = target.route().handling();
            heads.checkMethod(request, exchange, handling.method()); // and how
            heads.checkQuery(request);
            switch (handling) {
                case Handling.Probe probe -> exchange.replyStatus(probe.status().getAsInt());
                case Handling.Get get -> {
                    String parameter = target.parameter();
                    services.workers().run(exchange, () -> get.handler().accept(exchange, parameter));
                }
                case Handling.Post post -> BodyReader.read(exchange, body -> post(exchange, post, body));
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
            case Access.Needs(Scope scope, Metering metering) -> {
                Principal caller = authenticate(exchange.request());
                exchange.authenticated(caller);
                boolean allowed = caller.scopes().contains(scope);
                boolean read = !known || !allowed || metering == Metering.READ;
                if (read && callers.metered()) limiter.read(caller);
                if (known && !allowed) throw ServeException.of(ErrorCode.FORBIDDEN, scope.wire());
                if (metering == Metering.REQUEST) admit(exchange, caller);
            }
        }
    }

    private Principal authenticate(HttpServerRequest request) {
        Optional<Principal> caller = callers.caller(request, heads);
        if (caller.isPresent()) return caller.get();
        failures.failed(InetAddress.ofLiteral(request.remoteAddress().hostAddress()));
        throw ServeException.of(ErrorCode.UNAUTHENTICATED);
    }

    private void admit(Exchange exchange, Principal caller) {
        if (services.audit().failing())
            throw ServeException.after(AUDIT_RETRY, ErrorCode.AUDIT_UNAVAILABLE); // what is decided must be in the log
        if (closing.getAsBoolean())
            throw ServeException.after(services.timeouts().drain(), ErrorCode.SHUTTING_DOWN);
        exchange.metered(() -> limiter.quota(caller));
        exchange.admitted(limiter.admit(caller));
    }

    private void post(Exchange exchange, Handling.Post post, byte[] body) {
        Runnable work = () -> post.handler().accept(exchange, post.body().decode("", parse(body)));
        Runnable after = () -> services.bodies().give(body.length);
        if (body.length <= SMALL_BODY_BYTES_MAX) Workers.runHere(exchange, work, after);
        else services.workers().run(exchange, work, after);
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
