package dev.redoubt.cli.evidence;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.cli.evidence.Wire.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// Bodies that are refused before anybody looks at what they say.
final class EdgeProbes {
    private final String path;
    private final Wire wire;
    private final ProbeKeys keys;
    private final RequestLimits limits;

    /// @param path of a route that takes a JSON body
    EdgeProbes(Target target, String path, Wire wire, ProbeKeys keys) {
        this.path = path;
        this.wire = wire;
        this.keys = keys;
        this.limits = target.edge().limits();
    }

    List<Probe> all() {
        return List.of(
                probe(
                        "a body declared as one byte over " + limits.bodyBytesMax(),
                        "413 before a byte of it",
                        () -> wire.declare(path, keys.next(), limits.bodyBytesMax() + 1)
                                .expecting(413, "body_too_large"),
                        Requirement.R1_4),
                probe(
                        "one byte more than that, in chunks",
                        "413",
                        () -> wire.chunked(path, keys.next(), limits.bodyBytesMax() + 1)
                                .expecting(413, "body_too_large"),
                        Requirement.R1_4),
                probe(
                        "a body with Content-Encoding: gzip",
                        "415",
                        () -> wire.post(path, keys.next(), "Content-Encoding: gzip", "{}")
                                .expecting(415, ""),
                        Requirement.R1_4),
                probe(
                        "a body that never comes",
                        "408 within " + limits.requestTimeout().toSeconds() + " s",
                        this::stalled,
                        Requirement.R1_3));
    }

    private Probe probe(String what, String expected, Probe.Look look, Requirement... rules) {
        return new Probe(List.of(rules), "sent " + path + " " + what, expected, look);
    }

    private Seen stalled() throws IOException, InterruptedException {
        String key = keys.next();
        long start = System.nanoTime();
        Reply reply = wire.declare(path, key, 100);
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        boolean inTime = took.compareTo(limits.requestTimeout().plusSeconds(1)) <= 0;
        return Seen.passedIf(reply.status() == 408 && inTime, reply.shown() + " after " + took.toMillis() + " ms");
    }
}
