package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;
import java.time.Duration;
import java.util.Optional;

/// @param stated of one call of the deployment, waiting and running; empty: its share of the request's time, which
///     a deploy fills in
/// @param start until a replica must have started and passed its first health check
/// @param drainStated how long a replica that goes may work on what it has; empty: as long as a call may last
public record Timeouts(Optional<Duration> stated, Duration start, Optional<Duration> drainStated) {
    /// A request has no more (R1.3).
    public static final Duration CALL_MAX = Duration.ofSeconds(30);

    public static final Timeouts DEFAULT = new Timeouts(Optional.empty(), Duration.ofMinutes(2), Optional.empty());

    public Timeouts {
        stated.ifPresent(call -> Check.positive("call", call.toNanos()));
        Check.positive("start", start.toNanos());
        drainStated.ifPresent(drain -> Check.positive("drain", drain.toNanos()));
    }

    public Timeouts(Duration call, Duration start, Duration drain) {
        this(Optional.of(call), start, Optional.of(drain));
    }

    /// Of one call, waiting and running.
    public Duration call() {
        return stated.orElse(CALL_MAX);
    }

    /// A call that a replica has when it is to go may end within its own limit, unless less is stated.
    public Duration drain() {
        return drainStated.orElseGet(this::call);
    }

    /// The same with that time for a call.
    public Timeouts withCall(Duration call) {
        return new Timeouts(Optional.of(call), start, drainStated);
    }
}
