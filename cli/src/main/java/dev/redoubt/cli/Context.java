package dev.redoubt.cli;

import dev.redoubt.base.Home;

/// What every command needs of the process around it.
record Context(Home home, Console console) {
    /// How the user calls us, for lines that are to be pasted.
    String program() {
        return System.getProperty("redoubt.program", "redoubt");
    }
}
