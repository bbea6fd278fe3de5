package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;
import java.time.Duration;

/// How a replica is probed (R1.5): never a second probe while one is out.
///
/// @param missesMax that many in a row, and it is drained and replaced
public record HealthCheck(Duration period, Duration timeout, int missesMax) {
    public static final HealthCheck DEFAULT = new HealthCheck(Duration.ofSeconds(10), Duration.ofSeconds(30), 3);

    public HealthCheck {
        Check.positive("period", period.toNanos());
        Check.positive("timeout", timeout.toNanos());
        Check.inRange("missesMax", missesMax, 1, 100);
    }

    /// For so long after an update a replica that fails its health checks is the update's fault.
    public Duration probation() {
        return period.multipliedBy(missesMax + 2);
    }
}
