package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.policy.limit.RateLimiter.Lease;
import java.time.Duration;
import java.util.function.BooleanSupplier;

/// Whether a request that costs something may begin, whatever protocol it comes by. Safe for any thread.
final class CallAdmission {
    private static final Duration AUDIT_RETRY = Duration.ofSeconds(1); // the log tries its disk more often

    private final EdgeServices services;
    private final RateLimiter limiter;
    private final BooleanSupplier closing;

    CallAdmission(EdgeServices services, RateLimiter limiter, BooleanSupplier closing) {
        this.services = services;
        this.limiter = limiter;
        this.closing = closing;
    }

    /// @throws ServeException if what is decided cannot be written down, or the server is closing
    void checkOpen() {
        if (services.audit().failing()) throw ServeException.after(AUDIT_RETRY, ErrorCode.AUDIT_UNAVAILABLE);
        if (closing.getAsBoolean())
            throw ServeException.after(services.timeouts().drain(), ErrorCode.SHUTTING_DOWN);
    }

    /// @return to be closed when the request is over
    /// @throws ServeException if a limit is reached
    Lease admit(Principal caller) {
        return limiter.admit(caller);
    }
}
