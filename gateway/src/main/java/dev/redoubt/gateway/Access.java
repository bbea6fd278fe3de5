package dev.redoubt.gateway;

import dev.redoubt.policy.Scope;

/// Who may use a route. Every [Route] has one: there is no default (R4.4).
sealed interface Access {
    /// Anyone; only for probes, which answer by their status alone (V5.3).
    record Open() implements Access {}

    /// A key with this scope.
    record Needs(Scope scope) implements Access {}
}
