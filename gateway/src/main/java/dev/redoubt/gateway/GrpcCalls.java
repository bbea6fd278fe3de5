package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.gateway.ApplicationCall.Asked;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.limit.FailureLimit;
import dev.redoubt.serve.control.Ingress;
import dev.redoubt.serve.control.Platform;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import java.net.InetAddress;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/// Calls of applications by gRPC: the service `redoubt.v1.Application` of `docs/application.proto`.
final class GrpcCalls {
    /* The order is that of the dispatcher: the key before anything of a message is read, then the scope, then the limits; whether
     * there is such an application is found out by who asks (R4.3). */
    private static final String SERVICE = "/redoubt.v1.Application/";
    private static final String CALL = "Call";
    private static final String STREAM = "Stream";
    private static final int NOT_GRPC = 415; // what the protocol says
    private static final Pattern CONTENT_TYPE = Pattern.compile("application/grpc(?:\\+proto)?");
    private static final Pattern TIMEOUT = Pattern.compile("([0-9]{1,8})([HMSmun])");
    private static final Map<String, Duration> UNITS = Map.of(
            "H", Duration.ofHours(1),
            "M", Duration.ofMinutes(1),
            "S", Duration.ofSeconds(1),
            "m", Duration.ofMillis(1),
            "u", Duration.ofNanos(1000),
            "n", Duration.ofNanos(1));

    private final EdgeServices services;
    private final Optional<Platform> platform;
    private final Callers callers;
    private final RequestHeads heads;
    private final CallAdmission admission;
    private final FailureLimit failures;

    GrpcCalls(
            EdgeServices services,
            Optional<Platform> platform,
            Callers callers,
            RequestHeads heads,
            CallAdmission admission,
            FailureLimit failures) {
        this.services = services;
        this.platform = platform;
        this.callers = callers;
        this.heads = heads;
        this.admission = admission;
        this.failures = failures;
    }

    /// On the event loop of the connection.
    ///
    /// @param known told if the caller has a valid key
    /// @param over run when the call has come to its end, unless the connection does
    void handle(HttpServerRequest request, Consumer<Principal> known, Runnable over) {
        String type = request.getHeader("Content-Type");
        if (request.version() != HttpVersion.HTTP_2
                || !request.method().equals(HttpMethod.POST)
                || type == null
                || !CONTENT_TYPE.matcher(type).matches()) {
            request.response()
                    .setStatusCode(NOT_GRPC)
                    .end()
                    .onComplete(ended -> request.connection().close());
            return;
        }
        RequestRecord record = new RequestRecord(services, "GRPC", request.remoteAddress());
        GrpcReply reply = new GrpcReply(services, request, record, over);
        try {
            boolean stream = stream(request.uri());
            record.routed(SERVICE + (stream ? STREAM : CALL));
            heads.checkAuthority(request.authority());
            record.authenticated(authenticated(request));
            known.accept(record.principal());
            ApplicationRoutes.checkScope(record.principal());
            admission.checkOpen();
            record.admitted(admission.admit(record.principal()));
            long deadline = deadline(request.getHeader("grpc-timeout"), record);
            reply.whenGone(GrpcBody.read(
                    services,
                    request,
                    record,
                    reply::fail,
                    message -> called(request, reply, record, stream, message, deadline)));
        } catch (ServeException refusal) {
            reply.fail(refusal);
        }
    }

    private static boolean stream(String path) {
        if (path.equals(SERVICE + STREAM)) return true;
        if (path.equals(SERVICE + CALL)) return false;
        throw ServeException.of(ErrorCode.METHOD_NOT_ALLOWED, SERVICE + CALL + " and " + SERVICE + STREAM);
    }

    private Principal authenticated(HttpServerRequest request) {
        Optional<Principal> caller = callers.caller(request.headers(), request.connection(), heads);
        if (caller.isPresent()) return caller.get();
        failures.failed(InetAddress.ofLiteral(request.remoteAddress().hostAddress()));
        throw ServeException.of(ErrorCode.UNAUTHENTICATED);
    }

    /// What the caller gives, and never more than a request has.
    private long deadline(@Nullable String given, RequestRecord record) {
        Duration limit = services.limits().requestTimeout();
        if (given == null) return record.startNanos() + limit.toNanos();
        var timeout = TIMEOUT.matcher(given);
        if (!timeout.matches()) throw ServeException.of(ErrorCode.BAD_REQUEST);
        Duration unit = Objects.requireNonNull(UNITS.get(timeout.group(2)));
        Duration asked = unit.multipliedBy(Long.parseLong(timeout.group(1)));
        return record.startNanos() + (asked.compareTo(limit) < 0 ? asked : limit).toNanos();
    }

    private void called(
            HttpServerRequest request,
            GrpcReply reply,
            RequestRecord record,
            boolean stream,
            byte[] message,
            long deadline) {
        Runnable call = () -> call(request, reply, record, stream, message, deadline);
        Runnable after = () -> {}; // what it says waits for a replica, in memory, until the call is over
        if (message.length <= Workers.SMALL_BODY_BYTES_MAX) Workers.runHere(reply, call, after);
        else services.workers().run(reply, call, after);
    }

    private void call(
            HttpServerRequest request,
            GrpcReply reply,
            RequestRecord record,
            boolean stream,
            byte[] bytes,
            long deadline) {
        GrpcMessage.Request message = GrpcMessage.request(bytes);
        Ingress ingress = ingress(record.principal(), message.application());
        if (ingress.face().streams() && !stream)
            throw ServeException.of(ErrorCode.METHOD_NOT_ALLOWED, SERVICE + STREAM);
        Set<BodyType> taken = BodyType.taken(ingress.face().input());
        BodyType type = BodyType.of(message.contentType())
                .filter(taken::contains)
                .orElseThrow(() -> ServeException.of(ErrorCode.UNSUPPORTED_MEDIA_TYPE, BodyType.names(taken)));
        long limit = services.limits().bodyBytesMax();
        if (message.body().length > limit) throw ServeException.of(ErrorCode.BODY_TOO_LARGE, limit);
        JsonNode input = services.decoding()
                .read(record, type, request.headers(), ingress.face().input(), message.body());
        reply.answersIn(type);
        new ApplicationCall(services, reply, ingress)
                .start(
                        input,
                        new Asked(
                                record.id(),
                                record.principal(),
                                deadline,
                                message.model().isEmpty() ? null : message.model()));
    }

    /// A foreign application is none.
    private Ingress ingress(Principal caller, String application) {
        Optional<Platform> own = platform.filter(one -> caller.application().equals(application));
        return own.flatMap(one -> one.ingress(application))
                .orElseThrow(() -> ApplicationRoutes.unknown(own, application));
    }
}
