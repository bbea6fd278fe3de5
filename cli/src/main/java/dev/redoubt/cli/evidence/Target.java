package dev.redoubt.cli.evidence;

import dev.redoubt.base.Home;
import dev.redoubt.gateway.EdgeOptions;
import java.net.URI;
import java.nio.file.Path;
import java.util.Optional;

/// The server that is looked at, and what it should be.
///
/// @param edge what its configuration says
/// @param configuration the file; empty: it was started without one
/// @param url where it listens
public record Target(Home home, EdgeOptions edge, Optional<Path> configuration, URI url) {
    /// The application whose keys are good there.
    String application() {
        return edge.applications()
                .flatMap(some -> some.stream().sorted().findFirst())
                .orElse("local");
    }

    int port() {
        return url.getPort() >= 0 ? url.getPort() : url.getScheme().equals("https") ? 443 : 80;
    }
}
