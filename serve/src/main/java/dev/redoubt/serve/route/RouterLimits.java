package dev.redoubt.serve.route;

import dev.redoubt.base.Check;
import java.time.Duration;

/// What holds for all calls of one deployment.
///
/// @param queuedMax calls that wait for a replica at most
/// @param timeout of one call, waiting and running; never more than what its request has left
public record RouterLimits(int queuedMax, Duration timeout) {
    public RouterLimits {
        Check.inRange("queuedMax", queuedMax, 0, 100_000);
        Check.positive("timeout", timeout.toNanos());
    }
}
