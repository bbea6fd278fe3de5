package dev.redoubt.bench.edge;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.util.concurrent.ExecutionException;

/// The same HTTP library with nothing of ours: reads the body, answers by the same bytes.
final class BareServer implements AutoCloseable {
    private static final int REPLY_BYTES = 310; // as long as a reply of InstantModel

    private final Vertx vertx = Vertx.vertx();
    private final HttpServer server;

    BareServer() throws InterruptedException, ExecutionException {
        String reply = "x".repeat(REPLY_BYTES);
        server = vertx.createHttpServer(new HttpServerOptions().setTcpNoDelay(true))
                .requestHandler(request -> request.bodyHandler(body -> request.response()
                        .putHeader("Content-Type", "application/json")
                        .end(reply)));
        server.listen(0, "127.0.0.1").toCompletionStage().toCompletableFuture().get();
    }

    int port() {
        return server.actualPort();
    }

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
