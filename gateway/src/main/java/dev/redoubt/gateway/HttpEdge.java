package dev.redoubt.gateway;

import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.KeyStore;
import java.io.IOException;

/// The HTTP server: from a socket to a [dev.redoubt.base.generation.LanguageModel] and back.
public final class HttpEdge implements AutoCloseable {
    private HttpEdge() {}

    /// Listens. Serves `/livez` at once, and everything else as soon as the registry is ready.
    ///
    /// @throws java.net.BindException if the address is in use or not this machine's
    public static HttpEdge start(EdgeOptions options, ModelRegistry models, KeyStore keys, TimeSource time)
            throws IOException {
        throw new UnsupportedOperationException("gateway: start");
    }

    /// The port it listens on.
    public int port() {
        throw new UnsupportedOperationException("gateway: port");
    }

    /// Stops listening, lets running requests end for a bounded time, then closes what is left.
    @Override
    public void close() {
        throw new UnsupportedOperationException("gateway: close");
    }
}
