package dev.redoubt.cli;

import java.io.Serial;

/// An end that is the user's to mend: one line and an exit code.
final class CommandFailure extends RuntimeException {
    @Serial
    private static final long serialVersionUID = 1L;

    private final ExitCode exitCode;

    /// @param message `<what> <value>, <limit or rule>: <what to do>`, without a full stop
    CommandFailure(ExitCode exitCode, String message) {
        super(message, null, false, false);
        this.exitCode = exitCode;
    }

    ExitCode exitCode() {
        return exitCode;
    }

    /// Never null.
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
