package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.FaultText;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.audit.AuditException;
import dev.redoubt.policy.limit.RateLimiter.Lease;
import dev.redoubt.policy.limit.RateLimiter.Quota;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// One request and its reply.
final class Exchange {
    /* Threads: the fields belong to the event loop of the connection. `reply`, `refuse` and `fail` may be called by any thread
     * and hop over; everything else is for that event loop only, unless it says otherwise. The first reply counts, later ones
     * do nothing: a deadline, a failure and an answer may well meet. */
    private static final Logger LOG = LoggerFactory.getLogger(Exchange.class);
    private static final Set<HttpMethod> METHODS = Set.of(
            HttpMethod.GET, HttpMethod.POST, HttpMethod.PUT, HttpMethod.DELETE, HttpMethod.HEAD, HttpMethod.OPTIONS);
    static final int CALLER_LEFT = 499; // nginx's; only in logs and metrics, nobody is there to read it
    static final String EVENT_STREAM = "text/event-stream; charset=utf-8";
    private static final int SWITCHING_PROTOCOLS = 101;
    private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("X-Request-Id");
    private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
    private static final CharSequence CONTENT_TYPE_OPTIONS = HttpHeaders.createOptimized("X-Content-Type-Options");
    private static final CharSequence NOSNIFF = HttpHeaders.createOptimized("nosniff");
    static final int WRITE_QUEUE_BYTES_MAX = 64 * 1024;
    /// What a caller is told to wait where nobody can tell when there is room.
    private static final Duration RETRY_AFTER = Duration.ofSeconds(1);

    private final EdgeServices services;
    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Context context;
    private final RequestRecord record;

    private Supplier<Optional<Quota>> quota = Optional::empty;
    private boolean answered; // the reply's head is on its way
    private Runnable whenGone = () -> {};
    private Consumer<Principal> whenKnown = caller -> {};
    private Runnable whenOver = () -> {};
    private Runnable whenUpgraded = () -> {};
    private volatile boolean gone;
    private volatile @Nullable ModelCard model; // null: no model has been asked

    Exchange(EdgeServices services, HttpServerRequest request, Context context) {
        this.services = services;
        this.request = request;
        this.response = request.response();
        this.context = context;
        this.record = new RequestRecord(services, method(request), request.remoteAddress());
        response.setWriteQueueMaxSize(WRITE_QUEUE_BYTES_MAX);
        response.endHandler(ended -> over(response.getStatusCode()));
        response.closeHandler(closed -> {
            if (record.isOver()) return;
            gone = true;
            whenGone.run();
            over(CALLER_LEFT);
        });
        response.exceptionHandler(ignored -> {}); // a broken connection is told to closeHandler
    }

    private static String method(HttpServerRequest request) {
        return METHODS.contains(request.method()) ? request.method().name() : "other";
    }

    HttpServerRequest request() {
        return request;
    }

    EdgeServices services() {
        return services;
    }

    /// When the request's head had arrived. Any thread.
    long startNanos() {
        return record.startNanos();
    }

    /// Random and ours, for the reply, the log and the reply's `id`. Any thread.
    String id() {
        return record.id();
    }

    RequestRecord record() {
        return record;
    }

    /// Any thread, once it is set.
    Principal principal() {
        return record.principal();
    }

    void authenticated(Principal caller) {
        record.authenticated(caller);
        whenKnown.accept(caller);
    }

    /// The reply tells what is left, whatever it is.
    void metered(Supplier<Optional<Quota>> left) {
        quota = left;
    }

    /// The lease is closed when the exchange is over.
    void admitted(Lease admitted) {
        record.admitted(admitted);
    }

    /// Takes the tokens that the request may come to, at most. Any thread.
    ///
    /// @throws ServeException if there are not as many
    void reserve(long tokens) {
        record.lease().reserve(tokens);
    }

    /// What the request has come to so far, or will at most. If nobody ever says so it came to nothing.
    void charge(long tokens) {
        record.charge(tokens);
    }

    /// The template of the resolved route. Any thread, once it is set.
    String route() {
        return record.route();
    }

    void routed(Route resolved) {
        record.routed(resolved.path());
    }

    /// The reply tells which bytes have answered. Any thread, before there is a reply.
    void answeredBy(ModelCard card) {
        model = card;
    }

    void used(int prompt, int completion) {
        record.used(prompt, completion);
    }

    /// Whether the caller has left; there is nobody to compute for. Any thread.
    boolean gone() {
        return gone;
    }

    boolean answered() {
        return answered;
    }

    /// What to do when the caller leaves before the reply is complete; at once if it has. The last one set
    /// counts.
    void whenGone(Runnable action) {
        whenGone = action;
        if (gone) action.run();
    }

    /// What to do when the caller turns out to have a valid key.
    void whenKnown(Consumer<Principal> action) {
        whenKnown = action;
    }

    /// What to do when the reply is complete or the caller has left.
    void whenOver(Runnable action) {
        whenOver = action;
    }

    /// What to do instead when the connection becomes another protocol's.
    void whenUpgraded(Runnable action) {
        whenUpgraded = action;
    }

    /// Runs on this exchange's event loop; not at all when the edge is closed already. Any thread.
    void onEventLoop(Runnable action) {
        try {
            context.runOnContext(ignored -> action.run());
        } catch (RejectedExecutionException closed) {
            LOG.debug("request {} outlived the edge", id());
        }
    }

    /// A whole reply. Any thread.
    void reply(int status, String contentType, String body) {
        reply(status, contentType, body.getBytes(StandardCharsets.UTF_8)); // encoded here, not on the event loop
    }

    /// As above.
    void reply(int status, String contentType, byte[] body) {
        Buffer bytes = Buffer.buffer(body);
        onEventLoop(() -> {
            if (answered) return;
            head(status).putHeader(HttpHeaders.CONTENT_TYPE, contentType);
            end(bytes);
        });
    }

    /// A reply of a status alone.
    void replyStatus(int status) {
        head(status);
        end(Buffer.buffer());
    }

    /// A refusal in the listener's envelope. Any thread.
    void refuse(ServeException refusal) {
        onEventLoop(() -> refuseNow(refusal, false));
    }

    /// A refusal after which the connection cannot be used again, such as a body that is not read to its end.
    void refuseAndClose(ServeException refusal) {
        refuseNow(refusal, true);
    }

    /// A refusal by the request's head: its body, if it has one, is not read.
    void refuseAndCloseIfUnread(ServeException refusal) {
        refuseNow(refusal, false);
    }

    /// A fault of ours: the caller sees an id, the log the fault. What could not be written down was not done.
    /// Any thread.
    void fail(Throwable fault) {
        refuse(told(fault));
    }

    /// What a caller may see of a fault. Any thread.
    ServeException told(Throwable fault) {
        return told(fault, id());
    }

    static ServeException told(Throwable fault, String requestId) {
        return switch (fault) {
            case ServeException known -> known;
            case AuditException unwritten -> ServeException.of(ErrorCode.AUDIT_UNAVAILABLE);
            default -> internal(fault, requestId);
        };
    }

    /// @return what a caller may see of a fault; the fault itself is logged without its message, which may hold
    ///     content (V1.6)
    ServeException internal(Throwable fault) {
        return internal(fault, id());
    }

    private static ServeException internal(Throwable fault, String requestId) {
        LOG.error("request {} failed: {}", requestId, FaultText.of(fault));
        return ServeException.of(ErrorCode.INTERNAL);
    }

    /// The id under which a fault of ours is in the log; empty for any other error.
    Optional<String> errorId(ServeException refusal) {
        return refusal.code().kind() == ErrorCode.Kind.INTERNAL ? Optional.of(id()) : Optional.empty();
    }

    /// Begins a stream of server-sent events, unless it has begun.
    void beginEvents() {
        beginStream(EVENT_STREAM);
    }

    /// Begins a reply whose parts go out as they come, unless it has begun.
    void beginStream(String contentType) {
        if (answered) return;
        head(200).putHeader(HttpHeaders.CONTENT_TYPE, contentType).putHeader("X-Accel-Buffering", "no");
        if (request.version() == HttpVersion.HTTP_1_1) response.setChunked(true);
    }

    boolean writeQueueFull() {
        return response.writeQueueFull();
    }

    void whenDrained(Runnable action) {
        response.drainHandler(drained -> action.run());
    }

    void write(CharSequence events) {
        if (!events.isEmpty()) write(Buffer.buffer(events.toString()));
    }

    void write(Buffer part) {
        if (!record.isOver()) response.write(part);
    }

    void endEvents(CharSequence events, Optional<ServeException> failure) {
        endStream(Buffer.buffer(events.toString()), failure);
    }

    void endStream(Buffer last, Optional<ServeException> failure) {
        if (record.isOver()) return;
        failure.ifPresent(why -> record.failed(why.code()));
        end(last);
    }

    /// Ends a stream so that its reader sees that it is not complete.
    void breakOff(Buffer last, ServeException failure) {
        if (record.isOver()) return;
        record.failed(failure.code());
        cutUnlessTaken(
                response.write(last).onComplete(ignored -> request.connection().close()));
        over(response.getStatusCode());
    }

    /// Ends the connection at once, without a word.
    void abort(ErrorCode why) {
        record.failed(why);
        cut();
    }

    /// Closes the connection whatever has been written and not been taken.
    private void cut() {
        request.connection().close();
        request.connection().close(); // BoundedClose: the second one waits for nobody
    }

    /// What a reader does not take in time is not kept for it. Most replies are with the socket at once.
    private void cutUnlessTaken(Future<Void> written) {
        if (written.isComplete()) return;
        long timer = later(services.timeouts().unread(), this::cut);
        written.onComplete(ignored -> services.vertx().cancelTimer(timer));
    }

    /// The connection is another protocol's from here on: this request is over, and nobody waits for the next
    /// one on it.
    void upgraded() {
        answered = true;
        whenOver = whenUpgraded;
        over(SWITCHING_PROTOCOLS);
    }

    private void refuseNow(ServeException refusal, boolean close) {
        if (answered || record.isOver()) return;
        record.failed(refusal.code());
        head(refusal.code().status())
                .putHeader("Content-Type", services.errors().contentType());
        switch (refusal.code().status()) {
            case 401 -> response.putHeader("WWW-Authenticate", "Bearer");
            case 429, 503 ->
                RateHeaders.retryAfter(response, refusal.retryAfter().orElse(RETRY_AFTER));
            default -> {}
        }
        if (close || unread()) response.putHeader("Connection", "close");
        end(Buffer.buffer(services.errors().body(refusal, errorId(refusal))));
        if (close) closeSoon();
    }

    private HttpServerResponse head(int status) {
        answered = true;
        response.setStatusCode(status);
        response.putHeader(REQUEST_ID, id())
                .putHeader(HttpHeaders.CACHE_CONTROL, NO_STORE)
                .putHeader(CONTENT_TYPE_OPTIONS, NOSNIFF);
        ModelCard asked = model;
        if (asked != null) tellWhichBytes(asked);
        quota.get().ifPresent(left -> RateHeaders.quota(response, left));
        return response;
    }

    private void tellWhichBytes(ModelCard card) {
        response.putHeader("X-Model-Digest", "sha256:" + card.digest());
        card.base().ifPresent(base -> response.putHeader("X-Base-Model-Digest", "sha256:" + base.digest()));
    }

    private void end(Buffer last) {
        boolean unread = unread();
        boolean oldVersion = request.version() != HttpVersion.HTTP_1_1;
        Future<Void> flushed = response.end(last);
        if (unread) closeSoon();
        else if (oldVersion) flushed.onComplete(ignored -> request.connection().close());
        cutUnlessTaken(flushed);
    }

    /// Whether a body may still come, so that the connection cannot carry another request.
    boolean unread() {
        if (request.isEnded()) return false;
        String length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return request.headers().contains(HttpHeaders.TRANSFER_ENCODING) || length != null && !length.equals("0");
    }

    /// Closes the connection when the caller has had the time to read the reply; a close at once, with unread
    /// data about, would reset the connection and take the reply with it.
    private void closeSoon() {
        request.exceptionHandler(ignored -> {});
        request.handler(discarded -> {});
        later(services.timeouts().linger(), () -> request.connection().close());
    }

    long later(Duration delay, Runnable action) {
        return services.later(delay, action);
    }

    private void over(int status) {
        if (record.isOver()) return;
        whenOver.run();
        record.over(status);
    }
}
