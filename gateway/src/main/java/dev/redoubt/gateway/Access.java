package dev.redoubt.gateway;

import dev.redoubt.policy.Scope;

/// Who may use a route, and how often. Every [Route] has one: there is no default (R4.4).
sealed interface Access {
    /// Anyone; only for probes, which answer by their status alone (V5.3).
    record Open() implements Access {}

    /// A key with this scope.
    record Needs(Scope scope, Metering metering) implements Access {}

    /// What a request counts as.
    enum Metering {
        /// One of the requests per minute (V3.4), and one in progress.
        REQUEST,
        /// One of the reads per minute: it costs next to nothing.
        READ
    }
}
