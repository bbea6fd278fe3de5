package dev.redoubt.engine.template;

import java.io.Serial;

/// A template that cannot be parsed, raises (`raise_exception`), or breaks a budget.
public final class TemplateException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final boolean raised;

    TemplateException(String message, boolean raised) {
        super(message);
        this.raised = raised;
    }

    /// Whether the template itself refused the messages by `raise_exception`.
    public boolean raised() {
        return raised;
    }
}
