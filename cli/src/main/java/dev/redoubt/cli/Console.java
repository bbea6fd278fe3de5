package dev.redoubt.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;

/// The two streams of a command: `out` for results only, `err` for everything a person reads beside them. Both
/// are UTF-8 whatever the locale says. Safe for any thread.
///
/// @param interactive whether stdin and stdout are a terminal
/// @param redraws whether lines on `err` may be redrawn
record Console(PrintStream out, PrintStream err, boolean interactive, boolean redraws) {
    /// The process's own streams. The launcher says which of them are terminals, as file descriptors: Java only
    /// knows of all together.
    static Console ofProcess() {
        String terminals = System.getProperty("redoubt.terminals", "");
        return new Console(
                stream(FileDescriptor.out),
                stream(FileDescriptor.err),
                terminals.contains("01"),
                terminals.contains("2"));
    }

    /// For tests.
    static Console of(OutputStream out, OutputStream err) {
        return new Console(
                new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                false,
                false);
    }

    PrintWriter outWriter() {
        return new PrintWriter(out, true, StandardCharsets.UTF_8);
    }

    PrintWriter errWriter() {
        return new PrintWriter(err, true, StandardCharsets.UTF_8);
    }

    /// One line for people.
    void note(String line) {
        err.println(line);
    }

    private static PrintStream stream(FileDescriptor descriptor) {
        return new PrintStream(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
    }
}
