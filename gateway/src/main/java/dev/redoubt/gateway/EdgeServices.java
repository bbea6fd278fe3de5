package dev.redoubt.gateway;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.policy.audit.AuditLog;
import io.vertx.core.Vertx;
import java.time.Duration;

/// What every exchange of one edge needs.
///
record EdgeServices(
        Vertx vertx,
        RequestLimits limits,
        RoutePolicies policies,
        EdgeTimeouts timeouts,
        TimeSource time,
        EdgeMetrics metrics,
        AccessLog accessLog,
        AuditLog audit,
        ErrorFormat errors,
        BodyBudget bodies,
        Decoding decoding,
        Workers workers) {
    /// Runs something once, on the event loop that asks.
    ///
    /// @return the timer, to be cancelled
    long later(Duration delay, Runnable action) {
        return vertx.setTimer(Math.max(1, delay.toMillis()), ignored -> action.run());
    }

    /// The same on other event loops.
    EdgeServices on(Vertx others) {
        return new EdgeServices(
                others, limits, policies, timeouts, time, metrics, accessLog, audit, errors, bodies, decoding, workers);
    }

    /// The same for the operator's listener, with room of its own.
    EdgeServices forAdmin(BodyBudget ownBodies, Workers ownWorkers) {
        return new EdgeServices(
                vertx,
                limits,
                policies,
                timeouts,
                time,
                metrics,
                accessLog,
                audit,
                ErrorFormat.PROBLEM,
                ownBodies,
                decoding,
                ownWorkers);
    }
}
