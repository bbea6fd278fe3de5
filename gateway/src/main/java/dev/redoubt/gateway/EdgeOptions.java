package dev.redoubt.gateway;

import dev.redoubt.base.Check;
import dev.redoubt.base.generation.RequestLimits;
import java.util.Optional;

/// Where and how the edge listens.
///
/// @param host an address of this machine; the default of the product is 127.0.0.1
/// @param port 0 picks a free one
/// @param tls empty: plain HTTP, which is for loopback only (R1.2)
public record EdgeOptions(String host, int port, Optional<TlsOptions> tls, RequestLimits limits) {
    public EdgeOptions {
        Check.inRange("port", port, 0, 65_535);
    }
}
