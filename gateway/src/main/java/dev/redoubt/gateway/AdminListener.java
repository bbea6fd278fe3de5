package dev.redoubt.gateway;

import dev.redoubt.policy.limit.FailureLimit;
import dev.redoubt.policy.limit.RateLimiter;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/// The operator's way in: the same edge as the data port's, with routes, a worker and memory for bodies of its
/// own, so that a data port which is full keeps no operator out.
final class AdminListener {
    private static final int WORK_QUEUE_MAX = 64;
    private static final int BODIES_AT_ONCE = 2; // of full size, by one operator

    private final Workers worker = new Workers("admin-worker", 1, WORK_QUEUE_MAX);
    private final AdminAddress address;
    private final Listener listener;
    private final Optional<AdminSocket> socket;

    /// @param data what the data port uses
    /// @param keys who has one, for a listener on TCP
    /// @param socket where it listens, if it does on one
    AdminListener(
            EdgeServices data,
            Served served,
            Callers keys,
            RateLimiter limiter,
            AdminOptions options,
            Optional<AdminSocket> socket,
            BooleanSupplier closing) {
        EdgeServices services =
                data.forAdmin(new BodyBudget(BODIES_AT_ONCE * data.limits().bodyBytesMax()), worker);
        this.address = options.address();
        this.socket = socket;
        Callers callers = socket.isPresent() ? new Callers.SocketOwner() : keys;
        RouteTable routes = new AdminHandlers(services, served, options, limiter.limits(), closing).routes();
        RequestHeads heads = new RequestHeads("localhost");
        Duration idle = services.timeouts().keepAlive().multipliedBy(2);
        this.listener = new Listener(
                services,
                List.of(services.vertx().createHttpServer(Listener.options(idle))),
                new Dispatcher(
                        services,
                        routes,
                        (caller, request, path) -> Optional.empty(),
                        callers,
                        limiter,
                        heads,
                        new CallAdmission(services, limiter, closing),
                        new FailureLimit(limiter.limits().failuresPerMinute(), services.time())));
    }

    void listen() throws IOException {
        switch (address) {
            case AdminAddress.LoopbackPort(String host, int port) ->
                listener.listen(SocketAddress.inetSocketAddress(port, host));
            case AdminAddress.UnixSocket unix -> {
                AdminSocket file = socket.orElseThrow();
                listener.listen(
                        SocketAddress.domainSocketAddress(file.prepared().toString()));
                file.publish();
            }
        }
    }

    /// Whether it would listen on this port.
    boolean wants(int port) {
        return port != 0 && address instanceof AdminAddress.LoopbackPort own && own.port() == port;
    }

    /// The port it listens on, where it is one.
    int port() {
        return listener.port();
    }

    void close(Duration drain) {
        try {
            if (socket.isPresent()) socket.get().remove();
            listener.shutdown(drain);
        } catch (IOException e) {
            // its connections end with the edge
        } finally {
            worker.close();
        }
    }
}
