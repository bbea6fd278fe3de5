package dev.redoubt.policy;

import java.util.Locale;
import java.util.Optional;

/// What a key allows.
public enum Scope {
    /// The generation and tokenizer routes.
    INFERENCE,
    /// Reading `/metrics`.
    METRICS;

    /// As written on the command line and in errors: lower case.
    public String wire() {
        return name().toLowerCase(Locale.ROOT);
    }

    public static Optional<Scope> ofWire(String text) {
        for (Scope scope : values()) if (scope.wire().equals(text)) return Optional.of(scope);
        return Optional.empty();
    }
}
