package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.EdgeOptions.Protocols;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.serve.control.Ingress;
import dev.redoubt.serve.control.Platform;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// Makes connections WebSockets, over which an application is called again and again ([SocketSession]). Safe for any
/// thread.
final class WebSockets {
    /* The key is checked before the upgrade, by the dispatcher, and again with each message: it may be revoked meanwhile. A
     * browser sends no key of its own accord, but a page of another site could be given one; so a request that comes from a
     * page is refused, unless pages of this very address are let in. Open sockets are bounded as requests in progress are,
     * whether anything is in progress on them or not. */
    private static final int CLOSING_SECONDS = 5;
    private static final String VERSION = "13"; // of RFC 6455

    private final EdgeServices services;
    private final Optional<Platform> platform;
    private final Callers callers;
    private final RequestHeads heads;
    private final CallAdmission admission;
    private final RateLimits rates;
    private final Protocols protocols;
    private final Map<String, Integer> byKey = new HashMap<>(); // guarded by this, as what follows
    private final Map<String, Integer> byApplication = new HashMap<>();
    private int open;
    private final Set<SocketSession> sessions = ConcurrentHashMap.newKeySet();

    WebSockets(
            EdgeServices services,
            Optional<Platform> platform,
            Callers callers,
            RequestHeads heads,
            CallAdmission admission,
            RateLimits rates,
            Protocols protocols) {
        this.services = services;
        this.platform = platform;
        this.callers = callers;
        this.heads = heads;
        this.admission = admission;
        this.rates = rates;
        this.protocols = protocols;
    }

    /// A message is bounded as a body is, and so is a frame, which may hold one.
    static void limit(HttpServerOptions options, long bodyBytesMax) {
        int bytes = Math.toIntExact(bodyBytesMax);
        options.setMaxWebSocketFrameSize(bytes)
                .setMaxWebSocketMessageSize(bytes)
                .setPerFrameWebSocketCompressionSupported(false)
                .setPerMessageWebSocketCompressionSupported(false)
                .setWebSocketClosingTimeout(CLOSING_SECONDS);
    }

    /// Whether the request asks for one.
    static boolean asked(HttpServerRequest request) {
        String upgrade = request.getHeader("Upgrade");
        return upgrade != null
                && upgrade.strip().equalsIgnoreCase("websocket")
                && request.method().name().equals("GET");
    }

    /// On the event loop of the exchange, whose caller may call the application.
    ///
    /// @throws ServeException if the request is none for a WebSocket, comes from a page, or there are too many
    void open(Exchange exchange, String application) {
        HttpServerRequest request = exchange.request();
        checkHead(request);
        checkOrigin(request);
        admission.checkOpen();
        Principal caller = exchange.principal();
        take(caller);
        request.toWebSocket().onComplete(opened -> {
            if (opened.failed()) {
                give(caller);
                exchange.abort(ErrorCode.BAD_REQUEST);
                return;
            }
            exchange.upgraded();
            SocketSession session = new SocketSession(this, services, opened.result(), request, application);
            sessions.add(session);
            session.begin(() -> {
                sessions.remove(session);
                give(caller);
            });
        });
    }

    private static void checkHead(HttpServerRequest request) {
        String connection = request.getHeader("Connection");
        boolean plain = connection != null
                && connection.toLowerCase(Locale.ROOT).contains("upgrade")
                && VERSION.equals(request.getHeader("Sec-WebSocket-Version"))
                && request.headers().contains("Sec-WebSocket-Key")
                && !request.headers().contains("Content-Length")
                && !request.headers().contains("Transfer-Encoding");
        if (!plain) throw ServeException.of(ErrorCode.BAD_REQUEST);
    }

    private void checkOrigin(HttpServerRequest request) {
        String origin = request.getHeader("Origin");
        if (origin == null) return;
        String own = (request.isSSL() ? "https://" : "http://") + request.getHeader("Host");
        if (!protocols.sameOriginSockets() || !origin.equalsIgnoreCase(own))
            throw ServeException.of(ErrorCode.ORIGIN_REFUSED);
    }

    /// Whoever opened the socket, if that still holds.
    ///
    /// @throws ServeException if it does not
    Principal caller(HttpServerRequest request, String application) {
        Principal caller = callers.caller(request.headers(), request.connection(), heads)
                .filter(one -> one.application().equals(application))
                .orElseThrow(() -> ServeException.of(ErrorCode.UNAUTHENTICATED));
        ApplicationRoutes.checkScope(caller);
        return caller;
    }

    CallAdmission admission() {
        return admission;
    }

    /// @throws ServeException if there is no such application any more
    Ingress ingress(String application) {
        return platform.flatMap(one -> one.ingress(application))
                .orElseThrow(() -> ApplicationRoutes.unknown(platform, application));
    }

    private synchronized void take(Principal caller) {
        check(byKey.getOrDefault(caller.keyId(), 0), rates.streamsPerKey(), "WebSockets of a key");
        check(
                byApplication.getOrDefault(caller.application(), 0),
                rates.streamsPerTenant(),
                "WebSockets of an application");
        check(open, rates.ongoingMax(), "WebSockets");
        byKey.merge(caller.keyId(), 1, Integer::sum);
        byApplication.merge(caller.application(), 1, Integer::sum);
        open++;
    }

    private static void check(int now, int most, String what) {
        if (now >= most) throw ServeException.of(ErrorCode.OVERLOADED, most, what);
    }

    private synchronized void give(Principal caller) {
        byKey.computeIfPresent(caller.keyId(), (key, count) -> count == 1 ? null : count - 1);
        byApplication.computeIfPresent(caller.application(), (name, count) -> count == 1 ? null : count - 1);
        open--;
        notifyAll();
    }

    /// Lets what runs end for a bounded time, and ends what is idle.
    synchronized void shutdown(Duration drain) {
        sessions.forEach(SocketSession::leave);
        long until = System.nanoTime() + drain.toNanos();
        try {
            for (long left = drain.toMillis(); open > 0 && left > 0; left = (until - System.nanoTime()) / 1_000_000)
                wait(left);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
