package dev.redoubt.cli;

/// What a process says when it ends; the numbers are those of sysexits(3), so that scripts can tell them apart.
enum ExitCode {
    OK(0),
    /// What was to be checked is not good: a probe failed, or a signature is another one's.
    FAILED(1),
    /// An audit is not whole: something that was named could not be read.
    UNREADABLE(2),
    /// The command line is wrong: an unknown option, a value out of range.
    USAGE(64),
    /// A file or a model that was named does not exist.
    NO_INPUT(66),
    /// Something this machine should offer is missing: a tool, a source of downloads.
    UNAVAILABLE(69),
    /// A fault of ours.
    INTERNAL(70),
    /// Memory or disk is too small.
    RESOURCES(71),
    /// Reading or writing failed.
    IO(74),
    /// The address is in use: another process listens there.
    ADDRESS_IN_USE(75),
    /// A rule refuses: the refusal contract, exit code 78.
    REFUSED(78),
    /// Stopped by Ctrl-C.
    INTERRUPTED(130);

    private final int code;

    ExitCode(int code) {
        this.code = code;
    }

    int code() {
        return code;
    }
}
