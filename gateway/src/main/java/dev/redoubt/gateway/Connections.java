package dev.redoubt.gateway;

import dev.redoubt.base.Requirement;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;

/// Open connections: a bounded number, none of them idle for long. Between two requests only a whole request
/// head counts as a sign of life, so that sending a head byte by byte keeps nothing open (slowloris). For
/// event loops: what is asked of a connection, on its own.
final class Connections {
    /* A timer for each request, set and taken back, would cost as much as reading its head. So each connection has one, which looks when it
     * is due whether that has been put off, and then waits for the rest.
     *
     * Whoever has no key can open connections, too. So that he keeps nobody out, a new one takes the place of the oldest over which
     * no valid key has come, unless a request is under way there; and where there is none such, of the one that is idle for longest, of the
     * application that has most of those. Else the new one is refused, and so it is while as many again have been told to end and have not. */
    static final int CONNECTIONS_MAX = 4096;

    private final AuditLog audit;
    private final Vertx vertx;
    private final EdgeTimeouts timeouts;
    private final Map<HttpConnection, Idle> open = new ConcurrentHashMap<>();
    private final AtomicLong opened = new AtomicLong();
    /// By the order they were opened in: nothing is known of them, and no request is under way.
    private final ConcurrentSkipListMap<Long, Idle> strangers = new ConcurrentSkipListMap<>();

    Connections(AuditLog audit, Vertx vertx, EdgeTimeouts timeouts) {
        this.audit = audit;
        this.vertx = vertx;
        this.timeouts = timeouts;
    }

    void opened(HttpConnection connection) {
        int count = open.size();
        if (count >= CONNECTIONS_MAX && (count >= 2 * CONNECTIONS_MAX || !makePlace())) {
            refused(connection);
            connection.close();
            return;
        }
        connection.closeHandler(closed -> left(connection));
        connection.exceptionHandler(ignored -> {}); // its end is told to closeHandler
        Idle idle = new Idle(connection, opened.incrementAndGet(), vertx.getOrCreateContext());
        open.put(connection, idle);
        idle.since(timeouts.firstRequest());
        idle.arm(timeouts.firstRequest().toNanos());
    }

    private boolean makePlace() {
        Map.Entry<Long, Idle> oldest = strangers.pollFirstEntry();
        Optional<Idle> chosen = oldest == null ? idleOfMost() : Optional.of(oldest.getValue());
        chosen.ifPresent(idle -> idle.giveWay(oldest != null));
        return chosen.isPresent();
    }

    /// Looks at all, which is seldom enough: whoever comes next finds the one that came now.
    private Optional<Idle> idleOfMost() {
        return open.values().stream()
                .filter(idle -> idle.requests == 0 && !idle.leaves && !idle.application.isEmpty())
                .collect(Collectors.groupingBy(idle -> idle.application))
                .values()
                .stream()
                .max(Comparator.comparingInt(List::size))
                .map(most -> Collections.min(most, Comparator.comparingLong(idle -> idle.endNanos)));
    }

    private void refused(HttpConnection connection) {
        audit.note(new AuditEvent(
                AuditKind.CONNECTION_REFUSED,
                Strangers.name(connection.remoteAddress()),
                "",
                "",
                Optional.of(Requirement.R1_1),
                "closed, " + CONNECTIONS_MAX + " are open",
                ""));
    }

    /// It is closed, or another protocol's.
    void left(HttpConnection connection) {
        Idle idle = open.remove(connection);
        if (idle != null) idle.left();
    }

    void busy(HttpConnection connection) {
        Idle idle = open.get(connection);
        if (idle != null) idle.busy();
    }

    /// A valid key has come over it.
    void known(HttpConnection connection, Principal caller) {
        Idle idle = open.get(connection);
        if (idle != null) idle.application = caller.application();
    }

    void idle(HttpConnection connection) {
        Idle idle = open.get(connection);
        if (idle != null && --idle.requests == 0) idle.since(timeouts.keepAlive());
    }

    /// Between two requests, and for how long. On the event loop of the connection; what others see of it may be old.
    private final class Idle {
        private final HttpConnection connection;
        private final long number;
        private final Context context;
        private String application = ""; // of the last valid key
        private int requests; // under way
        private volatile boolean leaves;
        private long endNanos; // System.nanoTime; while none is under way
        private long timer;

        Idle(HttpConnection connection, long number, Context context) {
            this.connection = connection;
            this.number = number;
            this.context = context;
        }

        void since(Duration atMost) {
            endNanos = System.nanoTime() + atMost.toNanos();
            if (application.isEmpty()) strangers.put(number, this);
        }

        void busy() {
            requests++;
            if (application.isEmpty()) strangers.remove(number);
        }

        void left() {
            vertx.cancelTimer(timer);
            strangers.remove(number);
        }

        /// Asked on any event loop.
        void giveWay(boolean stranger) {
            leaves = true;
            context.runOnContext(ignored -> {
                leaves = requests == 0 && !(stranger && !application.isEmpty()) && open.containsKey(connection);
                if (!leaves) return; // since it was chosen
                refused(connection);
                connection.close();
                connection.close(); // BoundedClose: the second one waits for nobody
            });
        }

        /// For no longer than a connection may be idle: until then no end can be due that is not known now.
        void arm(long nanos) {
            long wait = Math.min(nanos, timeouts.keepAlive().toNanos());
            timer = vertx.setTimer(Math.max(1, Math.ceilDiv(wait, 1_000_000)), ignored -> look());
        }

        private void look() {
            long left = requests > 0 ? timeouts.keepAlive().toNanos() : endNanos - System.nanoTime();
            if (left <= 0) connection.close();
            else arm(left);
        }
    }
}
