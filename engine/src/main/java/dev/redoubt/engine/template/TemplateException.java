package dev.redoubt.engine.template;

import java.io.Serial;

/// A template that cannot be parsed, raises (`raise_exception`), or breaks a budget.
public final class TemplateException extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private static final int RAISED_CHARS_MAX = 200;

    private final boolean raised;

    TemplateException(String message, boolean raised) {
        super(message);
        this.raised = raised;
    }

    /// @param problem in words of ours; names from the template are shortened by the caller
    static TemplateException at(int line, String problem) {
        return new TemplateException("template line " + line + ": " + problem, false);
    }

    static TemplateException raised(int line, String message) {
        String shown = message.length() <= RAISED_CHARS_MAX ? message : message.substring(0, RAISED_CHARS_MAX) + "…";
        StringBuilder clean = new StringBuilder(shown.length());
        shown.codePoints().forEach(c -> clean.appendCodePoint(Character.isISOControl(c) ? ' ' : c));
        return new TemplateException("template line " + line + ": raised: " + clean, true);
    }

    /// Whether the template itself refused the messages by `raise_exception`. The message then holds what the
    /// template said, which may quote the messages: at most 200 characters, without control characters.
    public boolean raised() {
        return raised;
    }
}
