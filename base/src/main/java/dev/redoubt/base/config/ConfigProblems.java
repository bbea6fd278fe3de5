package dev.redoubt.base.config;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Gathers what is wrong, so that everything can be said at once.
final class ConfigProblems {
    private static final int PROBLEMS_MAX = 200;

    private final List<ConfigProblem> problems = new ArrayList<>();

    void add(int line, String message) {
        add(new ConfigProblem(line, message, Optional.empty()));
    }

    void add(ConfigProblem problem) {
        if (problems.size() < PROBLEMS_MAX) problems.add(problem);
    }

    /// By line.
    List<ConfigProblem> all() {
        return problems.stream()
                .sorted(Comparator.comparingInt(ConfigProblem::line))
                .toList();
    }
}
