package dev.redoubt.gateway;

import dev.redoubt.policy.limit.RateLimiter.Quota;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;

/// The headers that tell a caller what is left and how long to wait, in OpenAI's form.
final class RateHeaders {
    private static final CharSequence LIMIT_REQUESTS = HttpHeaders.createOptimized("x-ratelimit-limit-requests");
    private static final CharSequence REMAINING_REQUESTS =
            HttpHeaders.createOptimized("x-ratelimit-remaining-requests");
    private static final CharSequence RESET_REQUESTS = HttpHeaders.createOptimized("x-ratelimit-reset-requests");
    private static final CharSequence LIMIT_TOKENS = HttpHeaders.createOptimized("x-ratelimit-limit-tokens");
    private static final CharSequence REMAINING_TOKENS = HttpHeaders.createOptimized("x-ratelimit-remaining-tokens");
    private static final CharSequence RESET_TOKENS = HttpHeaders.createOptimized("x-ratelimit-reset-tokens");
    private static final long MILLI = 1_000_000;
    private static final long SECOND = 1_000 * MILLI;

    private RateHeaders() {}

    static void quota(HttpServerResponse response, Quota quota) {
        response.putHeader(LIMIT_REQUESTS, Integer.toString(quota.requestsLimit()))
                .putHeader(REMAINING_REQUESTS, Integer.toString(quota.requestsRemaining()))
                .putHeader(RESET_REQUESTS, duration(quota.requestsReset()))
                .putHeader(LIMIT_TOKENS, Integer.toString(quota.tokensLimit()))
                .putHeader(REMAINING_TOKENS, Long.toString(quota.tokensRemaining()))
                .putHeader(RESET_TOKENS, duration(quota.tokensReset()));
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
        String seconds = millis % 60_000 / 1000 + thousandths((int) (millis % 1000)) + "s";
        return millis < 60_000 ? seconds : millis / 60_000 + "m" + seconds;
    }

    /// Such as `.25`; nothing where there are none.
    private static String thousandths(int count) {
        if (count == 0) return "";
        String digits = Integer.toString(1000 + count);
        int end = digits.length();
        while (digits.charAt(end - 1) == '0') end--;
        return "." + digits.substring(1, end);
    }
}
