package dev.redoubt.serve.control;

import java.util.List;

/// What became of a change that was asked for.
public sealed interface Outcome {
    /// It is on disk and will be carried out, whatever happens to this process.
    ///
    /// @param version of the application that is wanted now
    record Accepted(long version) implements Outcome {}

    /// Nothing has changed.
    ///
    /// @param problems all of them, each with the value, the limit and the way out
    record Refused(List<String> problems) implements Outcome {
        public Refused {
            problems = List.copyOf(problems);
        }
    }
}
