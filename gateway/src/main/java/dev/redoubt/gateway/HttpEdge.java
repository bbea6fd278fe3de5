package dev.redoubt.gateway;

import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.limit.FailureLimit;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.serve.control.Platform;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.transport.Transport;
import java.io.IOException;
import java.net.BindException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Stream;

/// The HTTP servers: from a socket to a [dev.redoubt.base.generation.LanguageModel] or an application and back,
/// and the operator's.
public final class HttpEdge implements AutoCloseable {
    /* The way of a request, by threads:
     *   event loop   FramingGuard -> Netty's parser -> Listener -> Dispatcher -> BodyReader
     *   the same, or a worker for a large body
     *                StrictJson -> FieldTable -> Handlers -> LanguageModel.generate
     *                Decoding -> SchemaCheck -> ApplicationCall -> Ingress.call
     *   model        EventInbox
     *   replica      ApplicationCall
     *   event loop   GenerationRun -> ReplyFormat -> Exchange -> socket
     * Event loops never wait or tokenize, and parse only what takes less time than waking a thread does. Everything else is the
     * workers'. */
    private static final int WORK_QUEUE_MAX = 512;

    private static final int EVENT_LOOPS =
            Math.max(2, Math.min(8, Runtime.getRuntime().availableProcessors()));
    private static final int WORKERS =
            Math.max(2, Math.min(8, Runtime.getRuntime().availableProcessors()));
    /// Of the heap, for bodies and what is made of them: as frames to workers they may be there a second time.
    private static final int BODIES_SHARE = 4;

    private final Vertx vertx;
    private final Workers workers;
    private final AccessLog accessLog;
    private final EdgeTimeouts timeouts;
    private final EdgeOptions options;
    private final BodyBudget bodies;
    private final Listener data;
    private final WebSockets sockets;
    private final Optional<AdminListener> admin;
    private final Optional<GrpcListener> grpc;
    private final Optional<TlsWatch> tlsWatch;
    private final AtomicBoolean closing = new AtomicBoolean();

    private HttpEdge(
            EdgeOptions options,
            Optional<AdminOptions> administration,
            Served served,
            KeyStore keys,
            RateLimiter limiter,
            AuditLog audit,
            TimeSource time,
            EdgeTimeouts timeouts)
            throws IOException {
        this.options = options;
        this.timeouts = timeouts;
        Optional<AdminSocket> adminSocket = AdminSocket.of(administration);
        Optional<TlsFiles> tls =
                options.tls().map(files -> TlsFiles.read(files, time.now())); // before anything is open
        vertx = vertx(GuardedTransport.http1(audit, timeouts.unread()), EVENT_LOOPS);
        workers = new Workers("edge-worker", WORKERS, WORK_QUEUE_MAX);
        accessLog = new AccessLog();
        bodies = new BodyBudget(Runtime.getRuntime().maxMemory() / BODIES_SHARE);
        ServedModels models = new ServedModels(served);
        EdgeServices services = new EdgeServices(
                vertx,
                options.limits(),
                options.policies(),
                timeouts,
                time,
                new EdgeMetrics(models),
                accessLog,
                audit,
                ErrorFormat.OPENAI,
                bodies,
                new Decoding(options.limits().bodyBytesMax()),
                workers);
        Predicate<String> applications = applications(options, served);
        Authenticator callers = new Authenticator(
                keys, applications, options.tls().map(TlsOptions::clients).orElse(Map.of()));
        RouteTable routes = new Handlers(services, models).routes(closing::get);
        RequestHeads heads = new RequestHeads(options.host());
        FailureLimit failures = new FailureLimit(limiter.limits().failuresPerMinute(), time);
        CallAdmission admission = new CallAdmission(services, limiter, closing::get);
        sockets = new WebSockets(
                services, served.platform(), callers, heads, admission, limiter.limits(), options.protocols());
        List<HttpServer> servers =
                Stream.generate(() -> server(tls)).limit(EVENT_LOOPS).toList();
        data = new Listener(
                services,
                servers,
                new Dispatcher(
                        services,
                        routes,
                        new ApplicationRoutes(services, served.platform(), sockets),
                        callers,
                        limiter,
                        heads,
                        admission,
                        failures));
        grpc = grpc(services, tls, served.platform(), callers, heads, admission, failures);
        tlsWatch = tls.map(inUse ->
                new TlsWatch(options.tls().orElseThrow(), time, servers, grpc.map(GrpcListener::server), audit, inUse));
        Callers operators = new Authenticator(keys, applications, Map.of());
        admin = administration.map(
                asked -> new AdminListener(services, served, operators, limiter, asked, adminSocket, closing::get));
    }

    private Optional<GrpcListener> grpc(
            EdgeServices services,
            Optional<TlsFiles> tls,
            Optional<Platform> platform,
            Callers callers,
            RequestHeads heads,
            CallAdmission admission,
            FailureLimit failures) {
        if (options.protocols().grpcPort().isEmpty()) return Optional.empty();
        SocketAddress address =
                SocketAddress.inetSocketAddress(options.protocols().grpcPort().getAsInt(), options.host());
        return Optional.of(new GrpcListener(
                services, address, tls, own -> new GrpcCalls(own, platform, callers, heads, admission, failures)));
    }

    /// Whose keys count: the applications that the configuration names, if it names any, and those deployed since. Both
    /// are looked for whatever the name is (R4.3).
    private static Predicate<String> applications(EdgeOptions options, Served served) {
        if (options.applications().isEmpty()) return any -> true;
        Set<String> named = options.applications().get();
        return name -> {
            boolean deployed =
                    served.platform().filter(platform -> platform.wants(name)).isPresent();
            return named.contains(name) || deployed;
        };
    }

    /// One of a listener's own: it needs no threads but event loops, and no files.
    static Vertx vertx(Transport transport, int eventLoops) {
        return Vertx.builder()
                .withTransport(transport)
                .with(new VertxOptions()
                        .setEventLoopPoolSize(eventLoops)
                        .setWorkerPoolSize(1)
                        .setInternalBlockingPoolSize(1)
                        .setFileSystemOptions(new FileSystemOptions()
                                .setFileCachingEnabled(false)
                                .setClassPathResolvingEnabled(false)))
                .build();
    }

    private HttpServer server(Optional<TlsFiles> tls) {
        HttpServerOptions http =
                Listener.options(options.limits().requestTimeout().plusSeconds(120));
        WebSockets.limit(http, options.limits().bodyBytesMax());
        if (tls.isEmpty()) return vertx.createHttpServer(http);
        http.setSsl(true).setUseAlpn(false); // HTTP/1.1 only
        return vertx.createHttpServer(new HttpServerConfig(http), tls.get().serverOptions());
    }

    /// Listens. Serves `/livez` at once, and everything else as soon as the registry is ready.
    ///
    /// @param admin where the operator gets in; empty: nowhere
    /// @param limiter made with the rates of `options`; to be closed after the edge
    /// @param audit is told of every refusal; to be closed after the edge
    /// @param time the clock of the models as well: deadlines are told on it
    /// @throws BindException if the address is in use or not this machine's
    /// @throws AdminException if the place for administration cannot be taken
    public static HttpEdge start(
            EdgeOptions options,
            Optional<AdminOptions> admin,
            Served served,
            KeyStore keys,
            RateLimiter limiter,
            AuditLog audit,
            TimeSource time)
            throws IOException {
        return start(options, admin, served, keys, limiter, audit, time, EdgeTimeouts.DEFAULT);
    }

    static HttpEdge start(
            EdgeOptions options,
            Optional<AdminOptions> admin,
            Served served,
            KeyStore keys,
            RateLimiter limiter,
            AuditLog audit,
            TimeSource time,
            EdgeTimeouts timeouts)
            throws IOException {
        HttpEdge edge = new HttpEdge(options, admin, served, keys, limiter, audit, time, timeouts);
        try {
            edge.listen();
            return edge;
        } catch (IOException | RuntimeException e) {
            edge.stop();
            throw e;
        }
    }

    private void listen() throws IOException {
        if (admin.isPresent() && admin.get().wants(options.port())) // the library would share it between the two (V5.5)
        throw new BindException("port " + options.port() + " is both the data port and that of administration");
        data.listen(SocketAddress.inetSocketAddress(options.port(), options.host()));
        if (admin.isPresent()) admin.get().listen();
        if (grpc.isPresent()) grpc.get().listen();
        tlsWatch.ifPresent(TlsWatch::start);
    }

    /// Reads the files of TLS as a start would.
    ///
    /// @throws TlsException if they cannot be used
    public static void checkTls(TlsOptions options, TimeSource time) {
        TlsFiles.read(options, time.now());
    }

    /// The data port.
    public int port() {
        return data.port();
    }

    /// The port of gRPC, where there is one.
    public int grpcPort() {
        return grpc.orElseThrow().port();
    }

    /// The port of administration, where it listens on one.
    public int adminPort() {
        return admin.orElseThrow().port();
    }

    BodyBudget bodies() {
        return bodies;
    }

    /// Stops listening, lets running requests end for a bounded time, then closes what is left. A second call
    /// does nothing.
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) return;
        grpc.ifPresent(listener -> listener.shutdown(timeouts.drain()));
        sockets.shutdown(timeouts.drain());
        try {
            data.shutdown(timeouts.drain());
        } catch (IOException e) {
            // what did not end in time is closed below
        } finally {
            stop();
        }
    }

    private void stop() {
        admin.ifPresent(listener -> listener.close(timeouts.linger()));
        grpc.ifPresent(GrpcListener::stop);
        tlsWatch.ifPresent(TlsWatch::close);
        try {
            Listener.await(vertx.close().toCompletionStage(), Duration.ofSeconds(10));
        } catch (IOException e) {
            // nothing is left to try
        }
        workers.close();
        accessLog.close();
    }
}
