package dev.redoubt.audit.source;

import java.util.Locale;
import java.util.Optional;

/// What a file is read as, by its name: nothing of a file is opened to find out.
public enum FileKind {
    PYTHON,
    NOTEBOOK,
    YAML,
    SHELL,
    DOCKERFILE,
    SYSTEMD,
    /// Lines of `NAME=value`; only names and whether a value is a secret are looked at.
    ENVIRONMENT,
    /// Its text alone: secrets, and policies that stand before what manifests start.
    TERRAFORM;

    /// @param name without folders
    public static Optional<FileKind> of(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        if (lower.equals("makefile") || lower.equals("justfile") || lower.equals("procfile")) return Optional.of(SHELL);
        if (lower.startsWith("dockerfile") || lower.startsWith("containerfile") || lower.endsWith(".dockerfile"))
            return Optional.of(DOCKERFILE);
        if (lower.equals(".env") || lower.startsWith(".env.") || lower.endsWith(".env"))
            return Optional.of(ENVIRONMENT);
        return switch (lower.substring(lower.lastIndexOf('.') + 1)) {
            case "py", "pyw" -> Optional.of(PYTHON);
            case "ipynb" -> Optional.of(NOTEBOOK);
            case "yaml", "yml" -> Optional.of(YAML);
            case "sh", "bash", "zsh" -> Optional.of(SHELL);
            case "tf" -> Optional.of(TERRAFORM);
            case "service" -> Optional.of(SYSTEMD);
            default -> Optional.empty();
        };
    }
}
