package dev.redoubt.cli;

import dev.redoubt.base.config.ConfigProblem;
import dev.redoubt.base.config.Section;
import dev.redoubt.base.config.SectionValues;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/// The applications of a configuration file, to be deployed to a server that runs. Whatever else it says is for
/// a start, and is read for mistakes only.
final class ApplicationsFile {
    private ApplicationsFile() {}

    /// @throws Refusal with every problem, by line
    /// @throws IOException if the file cannot be read
    static List<ApplicationSpec> read(Path file) throws IOException {
        return switch (ServerFile.FILE.readBytes(Section.bytes(file))) {
            case Section.Outcome.Bad(List<ConfigProblem> problems) ->
                throw new Refusal(problems.stream()
                        .map(problem -> file + ":" + problem.line() + ": " + problem.message())
                        .toList());
            case Section.Outcome.Good(SectionValues values) -> specs(file, values);
        };
    }

    private static List<ApplicationSpec> specs(Path file, SectionValues values) {
        List<String> problems = new ArrayList<>();
        Path folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
        ApplicationSettings settings =
                new ApplicationSettings(folder, (line, message) -> problems.add(file + ":" + line + ": " + message));
        List<ApplicationSpec> specs =
                settings.specs(values.find(ServerFile.APPLICATIONS).orElse(List.of()));
        if (specs.isEmpty() && problems.isEmpty())
            problems.add(file + ": no application with deployments: write 'applications:' (docs/SETTINGS.md)");
        if (!problems.isEmpty()) throw new Refusal(problems);
        return specs;
    }
}
