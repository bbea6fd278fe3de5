package dev.redoubt.gateway;

import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.limit.RateLimiter;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.net.BindException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;

/// The HTTP server: from a socket to a [dev.redoubt.base.generation.LanguageModel] and back.
public final class HttpEdge implements AutoCloseable {
    /* The way of a request, by threads:
     *   event loop   FramingGuard -> Netty's parser -> Connections -> Dispatcher -> BodyReader
     *   worker       StrictJson -> FieldTable -> Handlers -> LanguageModel.generate
     *   model        EventInbox
     *   event loop   GenerationRun -> ReplyFormat -> Exchange -> socket
     * Event loops never parse, tokenize or wait. Workers are few platform threads, since all their work is computing or native
     * calls; their queue is bounded, and what does not fit is told so. */
    static final int WORK_QUEUE_MAX = 512;

    private static final int EVENT_LOOPS = 2;
    private static final int WORKERS =
            Math.max(2, Math.min(8, Runtime.getRuntime().availableProcessors()));
    /// Bodies of full size in memory at once.
    private static final int BODIES_AT_ONCE = 8;
    private static final int LINE_BYTES_MAX = 4096;
    private static final int HEADER_BYTES_MAX = 16 * 1024;

    private final Vertx vertx;
    private final ThreadPoolExecutor workers;
    private final AccessLog accessLog;
    private final EdgeTimeouts timeouts;
    private final HttpServer server;
    private final Optional<TlsWatch> tlsWatch;
    private final AtomicBoolean closing = new AtomicBoolean();

    private HttpEdge(
            EdgeOptions options,
            ModelRegistry models,
            KeyStore keys,
            RateLimiter limiter,
            TimeSource time,
            EdgeTimeouts timeouts) {
        this.timeouts = timeouts;
        Optional<TlsFiles> tls =
                options.tls().map(files -> TlsFiles.read(files, time.now())); // before anything is open
        vertx = Vertx.builder()
                .withTransport(GuardedTransport.create())
                .with(new VertxOptions()
                        .setEventLoopPoolSize(EVENT_LOOPS)
                        .setWorkerPoolSize(1)
                        .setInternalBlockingPoolSize(1)
                        .setFileSystemOptions(new FileSystemOptions()
                                .setFileCachingEnabled(false)
                                .setClassPathResolvingEnabled(false)))
                .build();
        workers = new ThreadPoolExecutor(
                WORKERS,
                WORKERS,
                0,
                TimeUnit.SECONDS,
                new ArrayBlockingQueue<>(WORK_QUEUE_MAX),
                Thread.ofPlatform().name("edge-worker-", 0).daemon().factory());
        accessLog = new AccessLog();
        BodyBudget bodies = new BodyBudget(BODIES_AT_ONCE * options.limits().bodyBytesMax());
        EdgeServices services = new EdgeServices(
                vertx,
                options.limits(),
                options.policies(),
                timeouts,
                time,
                new EdgeMetrics(models),
                accessLog,
                bodies,
                workers);
        RouteTable routes = new Handlers(services, models).routes(closing::get);
        Predicate<String> applications = options.applications()
                .<Predicate<String>>map(served -> served::contains)
                .orElse(any -> true);
        Authenticator authenticator = new Authenticator(
                keys, applications, options.tls().map(TlsOptions::clients).orElse(Map.of()));
        Dispatcher dispatcher = new Dispatcher(
                services, routes, authenticator, limiter, new RequestHeads(options.host()), closing::get);
        Connections connections = new Connections(vertx, timeouts);
        server = create(serverOptions(options), tls)
                .connectionHandler(connections::opened)
                .requestHandler(request -> dispatcher.dispatch(exchange(services, connections, request)))
                .invalidRequestHandler(request -> exchange(services, connections, request)
                        .refuseAndClose(RequestHeads.unreadable(request, LINE_BYTES_MAX, HEADER_BYTES_MAX)));
        tlsWatch = tls.map(inUse -> new TlsWatch(options.tls().orElseThrow(), time, server, inUse));
    }

    private HttpServer create(HttpServerOptions http, Optional<TlsFiles> tls) {
        if (tls.isEmpty()) return vertx.createHttpServer(http);
        http.setSsl(true).setUseAlpn(false); // HTTP/1.1 only
        return vertx.createHttpServer(new HttpServerConfig(http), tls.get().serverOptions());
    }

    /// Listens. Serves `/livez` at once, and everything else as soon as the registry is ready.
    ///
    /// @param limiter made with the rates of `options`; to be closed after the edge
    /// @param time the clock of the models as well: deadlines are told on it
    /// @throws BindException if the address is in use or not this machine's
    public static HttpEdge start(
            EdgeOptions options, ModelRegistry models, KeyStore keys, RateLimiter limiter, TimeSource time)
            throws IOException {
        return start(options, models, keys, limiter, time, EdgeTimeouts.DEFAULT);
    }

    static HttpEdge start(
            EdgeOptions options,
            ModelRegistry models,
            KeyStore keys,
            RateLimiter limiter,
            TimeSource time,
            EdgeTimeouts timeouts)
            throws IOException {
        HttpEdge edge = new HttpEdge(options, models, keys, limiter, time, timeouts);
        try {
            await(edge.server.listen(options.port(), options.host()).toCompletionStage(), Duration.ofSeconds(10));
            edge.tlsWatch.ifPresent(TlsWatch::start);
            return edge;
        } catch (IOException | RuntimeException e) {
            edge.stop();
            throw e;
        }
    }

    /// Reads the files of TLS as a start would.
    ///
    /// @throws TlsException if they cannot be used
    public static void checkTls(TlsOptions options, TimeSource time) {
        TlsFiles.read(options, time.now());
    }

    /// The port it listens on.
    public int port() {
        return server.actualPort();
    }

    /// Stops listening, lets running requests end for a bounded time, then closes what is left. A second call
    /// does nothing.
    @Override
    public void close() {
        if (!closing.compareAndSet(false, true)) return;
        try {
            await(
                    server.shutdown(timeouts.drain()).toCompletionStage(),
                    timeouts.drain().plusSeconds(5));
        } catch (IOException e) {
            // what did not end in time is closed below
        } finally {
            stop();
        }
    }

    private void stop() {
        tlsWatch.ifPresent(TlsWatch::close);
        try {
            await(vertx.close().toCompletionStage(), Duration.ofSeconds(10));
        } catch (IOException e) {
            // nothing is left to try
        }
        workers.shutdownNow();
        accessLog.close();
    }

    private static Exchange exchange(EdgeServices services, Connections connections, HttpServerRequest request) {
        Exchange exchange = new Exchange(services, request, services.vertx().getOrCreateContext());
        connections.busy(request.connection());
        exchange.whenOver(() -> connections.idle(request.connection()));
        return exchange;
    }

    private static HttpServerOptions serverOptions(EdgeOptions options) {
        HttpServerOptions http = new HttpServerOptions();
        http.setMaxInitialLineLength(LINE_BYTES_MAX)
                .setMaxHeaderSize(HEADER_BYTES_MAX)
                .setMaxChunkSize(16 * 1024)
                .setHttp2ClearTextEnabled(false)
                .setDecompressionSupported(false)
                .setCompressionSupported(false)
                .setHandle100ContinueAutomatically(false)
                .setTcpNoDelay(true)
                .setReuseAddress(true)
                // a backstop behind the deadlines of Connections, BodyReader and GenerationRun
                .setIdleTimeout(
                        Math.toIntExact(options.limits().requestTimeout().toSeconds()) + 120);
        return http;
    }

    private static void await(CompletionStage<?> stage, Duration limit) throws IOException {
        try {
            stage.toCompletableFuture().get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause() == null ? e : e.getCause();
            if (cause instanceof IOException io) throw io;
            if (cause.getCause() instanceof BindException bind) throw bind;
            throw new IOException("the HTTP server failed: " + cause, cause);
        } catch (TimeoutException e) {
            throw new IOException("the HTTP server did not answer within " + limit.toSeconds() + " s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }
}
