package dev.redoubt.gateway;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// The edge with the scripted model as a program, for clients written in other languages: prints the port, the
/// inference key and the metrics key, and serves until its input ends.
final class TestServer {
    private TestServer() {}

    public static void main(String[] args) throws IOException {
        Duration pace = Duration.ofMillis(Long.parseLong(args[1]));
        try (TestEdge edge = TestEdge.at(Path.of(args[0])).pace(pace).start()) {
            System.out.println(edge.edge.port() + " " + edge.key + " " + edge.metricsKey);
            while (System.in.read() >= 0) {}
        }
    }
}
