package dev.redoubt.cli;

import dev.redoubt.base.Requirement;
import java.time.LocalDate;
import java.util.List;

/// How one requirement stands in one configuration.
///
/// @param value what is in force; of what is not built: what of it there is
/// @param tests which prove it, as `Class#method`; none where nothing is claimed
record Rule(Requirement requirement, State state, String value, List<String> tests) {
    Rule {
        tests = List.copyOf(tests);
    }

    /// Whether the product may say that it keeps the requirement.
    sealed interface State {
        /// As it is printed.
        String word();
    }

    /// It cannot be broken in this configuration.
    record Enforced() implements State {
        @Override
        public String word() {
            return "enforced";
        }
    }

    /// It is enforced, by other numbers than its own.
    ///
    /// @param until the last day of the waiver
    record Waived(LocalDate until) implements State {
        @Override
        public String word() {
            return "limit waived until " + until;
        }
    }

    /// There is nothing here that it could be about.
    record NotApplicable(String because) implements State {
        @Override
        public String word() {
            return "not applicable because " + because;
        }
    }

    /// It is not enforced, or not all of it.
    record NotBuilt() implements State {
        @Override
        public String word() {
            return "not yet built";
        }
    }
}
