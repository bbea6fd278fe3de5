package dev.redoubt.policy.limit;

import dev.redoubt.base.Check;

/// How much callers may ask for; the defaults are the numbers of RULES V3.4.
///
/// @param requestsPerMinute of one key, in any 60 s; generation and tokenizer requests count, refused ones do not
/// @param tokensPerMinute of one key, in any 60 s, prompts and answers together. The default is 60 requests of a
///     whole context (4096): whoever keeps to one prompt and one choice never meets it
/// @param streamsPerKey requests of one key that are in progress at once
/// @param streamsPerTenant the same over all keys of an application; a fraction of `ongoingMax`, so that a few tenants
///     cannot take all there is
/// @param ongoingMax requests in progress at once, of all callers together: those that wait for a model or a
///     deployment, each of which has a limit of its own (R1.1), count too
/// @param readsPerMinute of one key, in any 60 s, for what costs next to nothing: `/v1/models`, `/openapi.json`,
///     `/metrics`, and paths that do not exist
/// @param failuresPerMinute failed authentications of one address (IPv4) or one /64 (IPv6); more of them get 429
public record RateLimits(
        int requestsPerMinute,
        int tokensPerMinute,
        int streamsPerKey,
        int streamsPerTenant,
        int ongoingMax,
        int readsPerMinute,
        int failuresPerMinute) {
    public static final RateLimits DEFAULT = new RateLimits(60, 60 * 4096, 16, 64, 1000, 600, 600);

    private static final int PER_MINUTE_LIMIT = 100_000; // what a window remembers, it holds in memory

    public RateLimits {
        Check.inRange("requestsPerMinute", requestsPerMinute, 1, PER_MINUTE_LIMIT);
        Check.positive("tokensPerMinute", tokensPerMinute);
        Check.positive("streamsPerKey", streamsPerKey);
        Check.positive("streamsPerTenant", streamsPerTenant);
        Check.positive("ongoingMax", ongoingMax);
        Check.inRange("readsPerMinute", readsPerMinute, 1, PER_MINUTE_LIMIT);
        Check.positive("failuresPerMinute", failuresPerMinute);
    }
}
