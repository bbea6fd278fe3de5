package dev.redoubt.cli;

import dev.redoubt.base.config.Section.Outcome;
import java.nio.charset.StandardCharsets;

/// A configuration is read, or every problem is told, with its line (R3.4).
public final class ConfigFuzz {
    private ConfigFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        Outcome outcome = ServerFile.FILE.readText(new String(input, StandardCharsets.UTF_8));
        if (outcome instanceof Outcome.Bad bad && bad.problems().isEmpty())
            throw new IllegalStateException("a file is refused, and nothing is said to be wrong with it");
    }
}
