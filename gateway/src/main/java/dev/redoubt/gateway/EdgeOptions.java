package dev.redoubt.gateway;

import dev.redoubt.base.Check;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.policy.limit.RateLimits;
import java.util.Optional;
import java.util.Set;

/// Where and how the edge listens, and for whom.
///
/// @param host an address of this machine; the default of the product is 127.0.0.1
/// @param port 0 picks a free one
/// @param limits of one request
/// @param rates of callers
/// @param applications whose keys are good here; empty: those of every application
/// @param policies of the routes that generate
/// @param tls empty: plain HTTP, which is for loopback only (R1.2)
public record EdgeOptions(
        String host,
        int port,
        RequestLimits limits,
        RateLimits rates,
        Optional<Set<String>> applications,
        RoutePolicies policies,
        Optional<TlsOptions> tls) {
    public EdgeOptions {
        Check.inRange("port", port, 0, 65_535);
        applications = applications.map(Set::copyOf);
    }

    /// With the limits of the rules, for every application, without TLS.
    public EdgeOptions(String host, int port) {
        this(
                host,
                port,
                RequestLimits.DEFAULT,
                RateLimits.DEFAULT,
                Optional.empty(),
                RoutePolicies.DEFAULT,
                Optional.empty());
    }
}
