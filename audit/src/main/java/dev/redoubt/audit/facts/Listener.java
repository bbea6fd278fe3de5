package dev.redoubt.audit.facts;

/// Something that listens on the network.
///
/// @param settings `host` and the like as they are stated
/// @param place where it runs
public record Listener(Kind kind, Place place, Settings settings, int start, int end) {
    public Listener(Kind kind, Settings settings, int start, int end) {
        this(kind, Place.MACHINE, settings, start, end);
    }

    Listener at(Place place) {
        return new Listener(kind, place, settings, start, end);
    }

    Listener with(Settings settings) {
        return new Listener(kind, place, settings, start, end);
    }

    public enum Kind {
        /// An application of FastAPI, Flask or aiohttp.
        WEB,
        /// The proxies of Ray Serve, set up by code: loopback where nothing else is said.
        SERVE_CODE,
        /// The proxies of Ray Serve, set up by a file: all interfaces where nothing else is said.
        SERVE_FILE,
        /// The same behind the load balancer of Anyscale, which has TLS and asks for a token.
        SERVE_PLATFORM,
        /// Ray's dashboard, which runs whatever is sent to it.
        DASHBOARD
    }
}
