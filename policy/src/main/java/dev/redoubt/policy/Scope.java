package dev.redoubt.policy;

import java.util.Locale;
import java.util.Optional;

/// What a key allows.
public enum Scope {
    /// The generation and tokenizer routes.
    INFERENCE,
    /// Reading `/metrics`.
    METRICS,
    /// Looking at the server's state, on the administration's own listener.
    ADMIN_READ,
    /// Changing the server's state, on the administration's own listener.
    ADMIN_WRITE;

    /// As written on the command line and in errors, such as `inference` or `admin:read`.
    public String wire() {
        return name().toLowerCase(Locale.ROOT).replace('_', ':');
    }

    public static Optional<Scope> ofWire(String text) {
        for (Scope scope : values()) if (scope.wire().equals(text)) return Optional.of(scope);
        return Optional.empty();
    }
}
