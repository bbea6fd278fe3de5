package dev.redoubt.audit;

/// How bad a finding is, worst first.
public enum Level {
    /// Somebody outside can run code, read what is another's, or take a secret.
    ERROR,
    /// A rule is broken.
    WARNING,
    /// A rule is not shown to be kept: a limit that is not stated, a value that cannot be known.
    NOTE;

    /// As it is written in outputs and options.
    public String word() {
        return switch (this) {
            case ERROR -> "error";
            case WARNING -> "warning";
            case NOTE -> "note";
        };
    }
}
