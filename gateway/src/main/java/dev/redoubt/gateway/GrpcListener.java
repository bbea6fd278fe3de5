package dev.redoubt.gateway;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.http.Http2Settings;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerConfig;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;

/// The gRPC port: HTTP/2 on the host and with the TLS of the data port, and nothing but calls of applications.
final class GrpcListener {
    /* It has a Vert.x of its own: the data port's puts a FramingGuard before every connection, which knows HTTP/1.1 and would break
     * anything else. */
    private static final int EVENT_LOOPS = 2;
    private static final int STREAMS_MAX = 100; // of one connection
    private static final int HEADER_BYTES_MAX = 16 * 1024;
    private static final Duration STOP_MAX = Duration.ofSeconds(15);

    private final Vertx vertx;
    private final SocketAddress address;
    private final HttpServer server;
    private Future<Void> shutdown = Future.succeededFuture(); // of whoever closes

    /// @param data what the data port uses
    /// @param calls made of the same with this listener's event loops
    GrpcListener(
            EdgeServices data, SocketAddress address, Optional<TlsFiles> tls, Function<EdgeServices, GrpcCalls> calls) {
        this.address = address;
        vertx = HttpEdge.vertx(GuardedTransport.http2(data.audit()), EVENT_LOOPS);
        EdgeServices services = data.on(vertx);
        HttpServerOptions http = new HttpServerOptions()
                .setHttp2ClearTextEnabled(tls.isEmpty())
                .setInitialSettings(
                        new Http2Settings().setMaxConcurrentStreams(STREAMS_MAX).setMaxHeaderListSize(HEADER_BYTES_MAX))
                .setTcpNoDelay(true)
                .setReuseAddress(true)
                .setIdleTimeout(Math.toIntExact(services.limits()
                        .requestTimeout()
                        .plus(services.timeouts().keepAlive())
                        .toSeconds()));
        if (tls.isPresent()) {
            http.setSsl(true).setUseAlpn(true);
            server =
                    vertx.createHttpServer(new HttpServerConfig(http), tls.get().http2Options());
        } else server = vertx.createHttpServer(http);
        Connections connections = new Connections(services.audit(), vertx, services.timeouts());
        GrpcCalls handler = calls.apply(services);
        server.connectionHandler(connections::opened).requestHandler(request -> {
            HttpConnection connection = request.connection();
            connections.busy(connection);
            handler.handle(
                    request, caller -> connections.known(connection, caller), () -> connections.idle(connection));
        });
    }

    HttpServer server() {
        return server;
    }

    int port() {
        return server.actualPort();
    }

    /// @throws IOException if the address is in use or not this machine's
    void listen() throws IOException {
        VerticleBase loop = new VerticleBase() {
            @Override
            public Future<?> start() {
                return server.listen(address);
            }
        };
        Listener.await(vertx.deployVerticle(loop).toCompletionStage(), Duration.ofSeconds(10));
    }

    /// Takes no new calls. Returns at once; [#stop] waits for those that run.
    void shutdown(Duration drain) {
        shutdown = server.shutdown(drain);
    }

    void stop() {
        try {
            Listener.await(shutdown.toCompletionStage(), STOP_MAX);
        } catch (IOException e) {
            // what did not end in time is closed below
        }
        try {
            Listener.await(vertx.close().toCompletionStage(), Duration.ofSeconds(10));
        } catch (IOException e) {
            // nothing is left to try
        }
    }
}
