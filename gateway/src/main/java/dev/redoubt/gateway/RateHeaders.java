package dev.redoubt.gateway;

import dev.redoubt.policy.limit.RateLimiter.Quota;
import io.vertx.core.http.HttpServerResponse;
import java.math.BigDecimal;
import java.time.Duration;

/// The headers that tell a caller what is left and how long to wait, in OpenAI's form.
final class RateHeaders {
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;

    private RateHeaders() {}

    static void quota(HttpServerResponse response, Quota quota) {
        response.putHeader("x-ratelimit-limit-requests", Integer.toString(quota.requestsLimit()))
                .putHeader("x-ratelimit-remaining-requests", Integer.toString(quota.requestsRemaining()))
                .putHeader("x-ratelimit-reset-requests", duration(quota.requestsReset()))
                .putHeader("x-ratelimit-limit-tokens", Integer.toString(quota.tokensLimit()))
                .putHeader("x-ratelimit-remaining-tokens", Long.toString(quota.tokensRemaining()))
                .putHeader("x-ratelimit-reset-tokens", duration(quota.tokensReset()));
    }

    /// Rounded up, so that whoever waits as long has waited long enough: whole seconds for everybody,
    /// milliseconds for OpenAI's clients.
    static void retryAfter(HttpServerResponse response, Duration wait) {
        response.putHeader("Retry-After", Long.toString(Math.max(1, Math.ceilDiv(wait.toNanos(), SECOND))))
                .putHeader("retry-after-ms", Long.toString(Math.max(1, Math.ceilDiv(wait.toNanos(), MILLI))));
    }

    /// Such as `0s`, `250ms`, `1.5s`, `1m0s`, `6m0s`: milliseconds, rounded up.
    static String duration(Duration duration) {
        long millis = Math.ceilDiv(duration.toNanos(), MILLI);
        if (millis == 0) return "0s";
        if (millis < 1000) return millis + "ms";
        String seconds =
                BigDecimal.valueOf(millis % 60_000, 3).stripTrailingZeros().toPlainString() + "s";
        return millis < 60_000 ? seconds : millis / 60_000 + "m" + seconds;
    }
}
