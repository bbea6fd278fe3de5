package dev.redoubt.gateway;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.policy.audit.AuditLog;
import io.vertx.core.Vertx;
import java.util.concurrent.Executor;

/// What every exchange of one edge needs.
///
/// @param workers platform threads for what computes or calls native code; refuses work beyond its bound
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
        Executor workers) {
    /// The same for the operator's listener, with room of its own.
    EdgeServices forAdmin(BodyBudget ownBodies, Executor ownWorkers) {
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
                ownWorkers);
    }
}
