/// How much a caller may ask for: exact windows of a minute that survive a restart, tokens, streams, failed
/// authentications. Read [dev.redoubt.policy.limit.RateLimiter] first. Knows keys by their id alone, and nothing
/// of HTTP.
@NullMarked
package dev.redoubt.policy.limit;

import org.jspecify.annotations.NullMarked;
