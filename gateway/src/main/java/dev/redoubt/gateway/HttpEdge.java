package dev.redoubt.gateway;

/// The HTTP server.
public final class HttpEdge {
    private HttpEdge() {}
}
