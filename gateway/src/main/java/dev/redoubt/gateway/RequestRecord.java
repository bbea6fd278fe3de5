package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.limit.RateLimiter.Lease;
import io.vertx.core.net.SocketAddress;
import java.util.HexFormat;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// What is known of one request, by whatever protocol it came: who asks, for what, what it may take and how it
/// ends. Its end is a line of the access log, a metric and, where it was refused, a record of the audit log.
///
/// The fields belong to the event loop of the connection.
final class RequestRecord {
    private final EdgeServices services;
    private final String method;
    private final @Nullable SocketAddress remote; // asked for while there is a connection
    private final long startNanos;
    private final String id = newId();

    private String route = "unmatched";
    private @Nullable Principal principal;
    private Optional<ErrorCode> error = Optional.empty();
    private int promptTokens;
    private int completionTokens;
    private @Nullable Lease lease; // written before any worker has the request
    private boolean charged;
    private boolean over;
    private BodyBudget.@Nullable Share body; // written before any worker has the request
    private long bodyBytes; // of the share; guarded by this, as what follows
    private boolean bodyGiven;

    /// @param method for the log: of a closed list
    RequestRecord(EdgeServices services, String method, @Nullable SocketAddress remote) {
        this.services = services;
        this.method = method;
        this.remote = remote;
        this.startNanos = services.time().nanos();
    }

    /// When the request's head had arrived. Any thread.
    long startNanos() {
        return startNanos;
    }

    /// Random and ours, for the reply and the log. Any thread.
    String id() {
        return id;
    }

    /// Any thread, once it is set.
    Principal principal() {
        return Objects.requireNonNull(principal);
    }

    void authenticated(Principal caller) {
        principal = caller;
    }

    /// Any thread, once it is set.
    String route() {
        return route;
    }

    void routed(String template) {
        route = template;
    }

    /// The lease is closed when the request is over.
    void admitted(Lease admitted) {
        lease = admitted;
    }

    /// Any thread, once it is set.
    Lease lease() {
        return Objects.requireNonNull(lease);
    }

    /// Counts bytes of the body, which are in memory until the request is over or [#giveBody].
    ///
    /// @throws ServeException if there is no room for them
    void takeBody(long bytes) {
        BodyBudget.Share share = body;
        if (share == null) {
            share = services.bodies().of(principal().application());
            body = share;
        }
        takeBody(share, bytes);
    }

    private synchronized void takeBody(BodyBudget.Share share, long bytes) {
        if (bodyGiven) return; // its caller has left meanwhile
        share.take(bytes);
        bodyBytes += bytes;
    }

    /// What was made of the body is in memory in its place. Any thread.
    ///
    /// @throws ServeException if there is no room for it
    synchronized void madeOfBody(long bytes) {
        if (bytes > bodyBytes) takeBody(bytes - bodyBytes);
    }

    /// The same, where they have been counted.
    synchronized void hasBody(BodyBudget.Share share, long bytes) {
        body = share;
        bodyBytes += bytes;
    }

    /// The body, and what was made of it, is in memory no more. Any thread; the first call counts.
    synchronized void giveBody() {
        BodyBudget.Share share = body;
        if (share != null && !bodyGiven) share.give(bodyBytes);
        bodyGiven = true;
    }

    /// What the request has come to so far, or will at most. If nobody ever says so it came to nothing.
    void charge(long tokens) {
        charged = true;
        lease().use(tokens);
    }

    void used(int prompt, int completion) {
        promptTokens = prompt;
        completionTokens = completion;
    }

    void failed(ErrorCode why) {
        error = Optional.of(why);
    }

    boolean isOver() {
        return over;
    }

    /// The first call counts.
    ///
    /// @param status of HTTP, or the one that says the same
    void over(int status) {
        if (over) return;
        over = true;
        long nanos = services.time().nanos() - startNanos;
        release();
        giveBody();
        services.metrics().httpRequest(route, status, nanos / 1e9);
        Principal caller = principal;
        error.filter(code -> code.kind() != ErrorCode.Kind.INTERNAL).ifPresent(this::audit);
        services.accessLog()
                .write(new AccessLog.Line(
                        services.time().now(),
                        id,
                        caller == null ? "" : caller.keyId(),
                        caller == null ? "" : caller.application(),
                        method,
                        route,
                        status,
                        error.map(ErrorCode::wire).orElse(""),
                        nanos / 1000,
                        promptTokens,
                        completionTokens));
    }

    /// Here every refusal ends, whatever layer it comes from: before a handler, in it, or in the middle of a
    /// stream.
    private void audit(ErrorCode code) {
        Principal caller = principal;
        services.audit()
                .note(new AuditEvent(
                        AuditKind.REQUEST_REFUSED,
                        caller == null ? Strangers.name(remote) : caller.keyId(),
                        caller == null ? "" : caller.application(),
                        route,
                        Optional.of(code.requirement()),
                        code.status() + " " + code.wire(),
                        id));
    }

    private void release() {
        Lease held = lease;
        if (held == null) return;
        if (!charged) held.use(0);
        held.close();
    }

    private static String newId() {
        byte[] random = new byte[12];
        ThreadLocalRandom.current().nextBytes(random);
        return HexFormat.of().formatHex(random);
    }
}
