package dev.redoubt.serve.control;

import dev.redoubt.base.Check;
import java.time.Duration;

/// How fast the controller goes.
///
/// @param tick how often it looks, if nothing happens
/// @param backoffFirst how long it waits after a replica has failed; twice as long after each further one
/// @param backoffMax at most
/// @param linger how long a set of deployments that another has taken the place of still takes calls of those who
///     were shown in before: their bodies may be on the way
record Pace(Duration tick, Duration backoffFirst, Duration backoffMax, Duration linger) {
    static final Pace DEFAULT =
            new Pace(Duration.ofMillis(100), Duration.ofMillis(200), Duration.ofSeconds(30), Duration.ofSeconds(5));

    Pace {
        Check.positive("tick", tick.toNanos());
        Check.positive("backoffFirst", backoffFirst.toNanos());
        Check.positive("backoffMax", backoffMax.toNanos());
        Check.positive("linger", linger.toNanos());
    }

    /// @param failures in a row, from 1
    Duration backoff(int failures) {
        Duration doubled = backoffFirst.multipliedBy(1L << Math.min(failures - 1, 20));
        return doubled.compareTo(backoffMax) < 0 ? doubled : backoffMax;
    }
}
