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
import org.jspecify.annotations.Nullable;

/// Open connections: a bounded number, none of them idle for long. Between two requests only a whole request
/// head counts as a sign of life, so that sending a head byte by byte keeps nothing open (slowloris). Safe for
/// any thread.
final class Connections {
    private static final int CONNECTIONS_MAX = 4096;
    private static final long NO_TIMER = -1; // 0 is a timer like any other

    private final AuditLog audit;
    private final Vertx vertx;
    private final EdgeTimeouts timeouts;
    private final Map<HttpConnection, Long> idleTimers =
            new ConcurrentHashMap<>(); // NO_TIMER while a request is in progress

    Connections(AuditLog audit, Vertx vertx, EdgeTimeouts timeouts) {
        this.audit = audit;
        this.vertx = vertx;
        this.timeouts = timeouts;
    }

    void opened(HttpConnection connection) {
        if (idleTimers.size() >= CONNECTIONS_MAX) {
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
        idleTimers.put(connection, closeAfter(connection, timeouts.firstRequest()));
    }

    /// It is closed, or another protocol's.
    void left(HttpConnection connection) {
        cancel(idleTimers.remove(connection));
    }

    void busy(HttpConnection connection) {
        cancel(idleTimers.replace(connection, NO_TIMER));
    }

    void idle(HttpConnection connection) {
        if (idleTimers.containsKey(connection))
            cancel(idleTimers.replace(connection, closeAfter(connection, timeouts.keepAlive())));
    }

    private long closeAfter(HttpConnection connection, Duration time) {
        return vertx.setTimer(time.toMillis(), ignored -> connection.close());
    }

    private void cancel(@Nullable Long timer) {
        if (timer != null && timer != NO_TIMER) vertx.cancelTimer(timer);
    }
}
