package dev.redoubt.gateway;

import dev.redoubt.base.Requirement;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/// Open connections: a bounded number, none of them idle for long. Between two requests only a whole request
/// head counts as a sign of life, so that sending a head byte by byte keeps nothing open (slowloris). For
/// event loops: what is asked of a connection, on its own.
final class Connections {
    /* A timer for each request, set and taken back, would cost as much as reading its head. So each connection has one, which looks when it
     * is due whether that has been put off, and then waits for the rest. */
    private static final int CONNECTIONS_MAX = 4096;

    private final AuditLog audit;
    private final Vertx vertx;
    private final EdgeTimeouts timeouts;
    private final Map<HttpConnection, Idle> open = new ConcurrentHashMap<>();

    Connections(AuditLog audit, Vertx vertx, EdgeTimeouts timeouts) {
        this.audit = audit;
        this.vertx = vertx;
        this.timeouts = timeouts;
    }

    void opened(HttpConnection connection) {
        if (open.size() >= CONNECTIONS_MAX) {
            audit.note(new AuditEvent(
                    AuditKind.CONNECTION_REFUSED,
                    Strangers.name(connection.remoteAddress()),
                    "",
                    "",
                    Optional.of(Requirement.R1_1),
                    "closed, " + CONNECTIONS_MAX + " are open",
                    ""));
            connection.close();
            return;
        }
        connection.closeHandler(closed -> left(connection));
        connection.exceptionHandler(ignored -> {}); // its end is told to closeHandler
        Idle idle = new Idle(connection);
        open.put(connection, idle);
        idle.since(timeouts.firstRequest());
        idle.arm(timeouts.firstRequest().toNanos());
    }

    /// It is closed, or another protocol's.
    void left(HttpConnection connection) {
        Idle idle = open.remove(connection);
        if (idle != null) vertx.cancelTimer(idle.timer);
    }

    void busy(HttpConnection connection) {
        Idle idle = open.get(connection);
        if (idle != null) idle.busy = true;
    }

    void idle(HttpConnection connection) {
        Idle idle = open.get(connection);
        if (idle != null) idle.since(timeouts.keepAlive());
    }

    /// Between two requests, and for how long. On the event loop of the connection.
    private final class Idle {
        private final HttpConnection connection;
        private boolean busy;
        private long endNanos; // System.nanoTime; while it is not busy
        private long timer;

        Idle(HttpConnection connection) {
            this.connection = connection;
        }

        void since(Duration atMost) {
            busy = false;
            endNanos = System.nanoTime() + atMost.toNanos();
        }

        /// For no longer than a connection may be idle: until then no end can be due that is not known now.
        void arm(long nanos) {
            long wait = Math.min(nanos, timeouts.keepAlive().toNanos());
            timer = vertx.setTimer(Math.max(1, Math.ceilDiv(wait, 1_000_000)), ignored -> look());
        }

        private void look() {
            long left = busy ? timeouts.keepAlive().toNanos() : endNanos - System.nanoTime();
            if (left <= 0) connection.close();
            else arm(left);
        }
    }
}
