package dev.redoubt.gateway;

import dev.redoubt.base.Check;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.policy.limit.RateLimits;
import java.util.Optional;
import java.util.OptionalInt;
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
/// @param protocols by which applications are called beside plain requests
public record EdgeOptions(
        String host,
        int port,
        RequestLimits limits,
        RateLimits rates,
        Optional<Set<String>> applications,
        RoutePolicies policies,
        Optional<TlsOptions> tls,
        Protocols protocols) {
    /// @param sameOriginSockets whether a page may open a WebSocket to the address that served it; other pages never
    /// may
    /// @param grpcPort where gRPC is spoken, on the same host with the same TLS; 0 picks a free one, empty: nowhere
    public record Protocols(boolean sameOriginSockets, OptionalInt grpcPort) {
        public static final Protocols DEFAULT = new Protocols(false, OptionalInt.empty());

        public Protocols {
            Check.inRange("grpcPort", grpcPort.orElse(0), 0, 65_535);
        }
    }

    public EdgeOptions {
        Check.inRange("port", port, 0, 65_535);
        applications = applications.map(Set::copyOf);
    }

    /// With plain requests and WebSockets of programs.
    public EdgeOptions(
            String host,
            int port,
            RequestLimits limits,
            RateLimits rates,
            Optional<Set<String>> applications,
            RoutePolicies policies,
            Optional<TlsOptions> tls) {
        this(host, port, limits, rates, applications, policies, tls, Protocols.DEFAULT);
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
