package dev.redoubt.base.config;

import java.nio.file.Path;

/// Where a secret is; never the secret itself, which has no place in a configuration file (RULES V4.4).
public sealed interface Secret {
    /// The content of a file that only its owner may read.
    record InFile(Path path) implements Secret {}

    /// The value of an environment variable.
    record InEnvironment(String name) implements Secret {}
}
