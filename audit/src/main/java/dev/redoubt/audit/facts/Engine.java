package dev.redoubt.audit.facts;

/// An engine of vLLM that is set up: settings by the names of its engine arguments, `model` among them.
///
/// @param place where it runs, for one that listens
/// @param start where it is set up: offsets into the file's text
public record Engine(Kind kind, Place place, Settings settings, int start, int end) {
    public Engine(Kind kind, Settings settings, int start, int end) {
        this(kind, Place.MACHINE, settings, start, end);
    }

    Engine at(Place place) {
        return new Engine(kind, place, settings, start, end);
    }

    Engine with(Settings settings) {
        return new Engine(kind, place, settings, start, end);
    }

    public enum Kind {
        /// An object in the program's own process.
        LIBRARY,
        /// An engine inside a Ray Serve deployment.
        DEPLOYMENT,
        /// `vllm serve`, with an HTTP server of its own.
        SERVER
    }
}
