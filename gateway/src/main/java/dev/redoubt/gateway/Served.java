package dev.redoubt.gateway;

import dev.redoubt.serve.control.Platform;
import java.util.Optional;

/// What is behind the edge.
///
/// @param models of `/v1`
/// @param platform of `/{application}`; empty: there are no applications with deployments
public record Served(ModelRegistry models, Optional<Platform> platform) {
    /// Models alone.
    public static Served of(ModelRegistry models) {
        return new Served(models, Optional.empty());
    }
}
