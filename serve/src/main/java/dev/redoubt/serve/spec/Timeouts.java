package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;
import java.time.Duration;

/// @param call of one call of the deployment, waiting and running
/// @param start until a replica must have started and passed its first health check
/// @param drain how long a replica that goes may work on what it has
public record Timeouts(Duration call, Duration start, Duration drain) {
    public static final Timeouts DEFAULT =
            new Timeouts(Duration.ofSeconds(30), Duration.ofSeconds(120), Duration.ofSeconds(20));

    public Timeouts {
        Check.positive("call", call.toNanos());
        Check.positive("start", start.toNanos());
        Check.positive("drain", drain.toNanos());
    }
}
