package dev.redoubt.bench.hostile;

/// What the product made of a case.
sealed interface Verdict {
    /// It would serve it.
    ///
    /// @param output what a template wrote; empty for everything else
    record Accepted(String output) implements Verdict {}

    /// A rule refused it, as the operator or caller would read.
    record Refused(String rule, String message) implements Verdict {}

    /// Neither: a fault of the product's, or no end in time.
    record Failed(String why) implements Verdict {}
}
