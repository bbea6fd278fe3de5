package dev.redoubt.cli.evidence;

import dev.redoubt.base.Requirement;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/// One thing that is tried.
///
/// @param rules which it is evidence for
/// @param done in words
/// @param expected in words
public record Probe(List<Requirement> rules, String done, String expected, Look look) {
    /// What does it.
    @FunctionalInterface
    public interface Look {
        /// @throws IOException if it could not be seen
        Seen look() throws IOException, InterruptedException;
    }

    /// How it came out.
    public enum Outcome {
        PASSED,
        FAILED,
        /// There is nothing in this configuration that it could be tried on.
        NOT_APPLICABLE,
        /// Nobody knows: it never counts as passed.
        NOT_OBSERVED
    }

    /// @param found in words
    public record Seen(Outcome outcome, String found) {
        public static Seen passed(String found) {
            return new Seen(Outcome.PASSED, found);
        }

        public static Seen failed(String found) {
            return new Seen(Outcome.FAILED, found);
        }

        public static Seen passedIf(boolean good, String found) {
            return good ? passed(found) : failed(found);
        }

        public static Seen notApplicable(String why) {
            return new Seen(Outcome.NOT_APPLICABLE, why);
        }

        public static Seen notObserved(String why) {
            return new Seen(Outcome.NOT_OBSERVED, why);
        }
    }

    /// What came of a probe.
    public record Finding(Probe probe, Seen seen, Duration took) {}

    /// The same, where there is nothing that it could be tried on.
    ///
    /// @param why in words
    Probe without(String why) {
        return new Probe(rules, done, expected, () -> Seen.notApplicable(why));
    }

    Finding run() throws InterruptedException {
        long start = System.nanoTime();
        Seen seen;
        try {
            seen = look.look();
        } catch (IOException | RuntimeException e) {
            seen = Seen.notObserved(e.getClass().getSimpleName() + ": " + e.getMessage());
        }
        return new Finding(this, seen, Duration.ofNanos(System.nanoTime() - start));
    }
}
