package dev.redoubt.cli.evidence;

import dev.redoubt.base.Home;
import dev.redoubt.gateway.EdgeOptions;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/// The server that is looked at, and what it should be.
///
/// @param edge what its configuration says
/// @param deployed the applications that run in it, which need not be those of its configuration
/// @param configuration the file; empty: it was started without one
/// @param url where it listens
public record Target(Home home, EdgeOptions edge, List<String> deployed, Optional<Path> configuration, URI url) {
    private static final String USUAL = "local"; // whose keys a server takes that was told of no application

    public Target {
        deployed = deployed.stream().sorted().toList();
    }

    /// The applications whose keys are good there, each once.
    List<String> applications() {
        List<String> named =
                edge.applications().map(some -> some.stream().sorted().toList()).orElse(List.of(USUAL));
        return Stream.concat(named.stream(), deployed.stream()).distinct().toList();
    }

    int port() {
        return url.getPort() >= 0 ? url.getPort() : url.getScheme().equals("https") ? 443 : 80;
    }
}
