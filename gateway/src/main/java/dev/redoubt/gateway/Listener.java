package dev.redoubt.gateway;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.BindException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// One address: connections in, spread over the event loops, exchanges to its dispatcher.
final class Listener {
    private static final int LINE_BYTES_MAX = 4096;
    private static final int HEADER_BYTES_MAX = 16 * 1024;

    private final EdgeServices services;
    private final List<HttpServer> servers;

    /// @param servers one for each event loop that shall take connections
    Listener(EdgeServices services, List<HttpServer> servers, Dispatcher dispatcher) {
        this.services = services;
        this.servers = List.copyOf(servers);
        Connections connections = new Connections(services.audit(), services.vertx(), services.timeouts());
        for (HttpServer server : servers)
            server.connectionHandler(connections::opened)
                    .requestHandler(request -> dispatcher.dispatch(exchange(connections, request)))
                    .invalidRequestHandler(request -> exchange(connections, request)
                            .refuseAndClose(RequestHeads.unreadable(request, LINE_BYTES_MAX, HEADER_BYTES_MAX)));
    }

    /// What every listener takes of HTTP/1.1.
    ///
    /// @param idle a backstop behind the deadlines of Connections, BodyReader and GenerationRun
    static HttpServerOptions options(Duration idle) {
        return new HttpServerOptions()
                .setMaxInitialLineLength(LINE_BYTES_MAX)
                .setMaxHeaderSize(HEADER_BYTES_MAX)
                .setMaxChunkSize(16 * 1024)
                .setHttp2ClearTextEnabled(false)
                .setDecompressionSupported(false)
                .setCompressionSupported(false)
                .setHandle100ContinueAutomatically(false)
                .setTcpNoDelay(true)
                .setReuseAddress(true)
                .setIdleTimeout(Math.toIntExact(idle.toSeconds()));
    }

    /// @throws BindException if the address is in use or not this machine's
    void listen(SocketAddress address) throws IOException {
        boolean free = address.isInetSocket() && address.port() == 0 && servers.size() > 1; // one for all of them
        SocketAddress shared = free ? SocketAddress.sharedRandomPort(1, address.host()) : address;
        for (HttpServer server : servers) listen(server, shared);
    }

    /// Connections of a server are those of the event loop it began to listen on, and a verticle has one of its
    /// own.
    private void listen(HttpServer server, SocketAddress address) throws IOException {
        VerticleBase loop = new VerticleBase() {
            @Override
            public Future<?> start() {
                return server.listen(address);
            }
        };
        await(services.vertx().deployVerticle(loop).toCompletionStage(), Duration.ofSeconds(10));
    }

    /// The port it listens on.
    int port() {
        return servers.getFirst().actualPort();
    }

    /// Stops listening and lets running requests end.
    ///
    /// @throws IOException if they do not within the time
    void shutdown(Duration drain) throws IOException {
        List<Future<Void>> ends =
                servers.stream().map(server -> server.shutdown(drain)).toList();
        await(Future.join(ends).toCompletionStage(), drain.plusSeconds(5));
    }

    private Exchange exchange(Connections connections, HttpServerRequest request) {
        Exchange exchange = new Exchange(services, request, services.vertx().getOrCreateContext());
        connections.busy(request.connection());
        exchange.whenKnown(caller -> connections.known(request.connection(), caller));
        exchange.whenOver(() -> connections.idle(request.connection()));
        exchange.whenUpgraded(() -> connections.left(request.connection()));
        return exchange;
    }

    static void await(CompletionStage<?> stage, Duration limit) throws IOException {
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
