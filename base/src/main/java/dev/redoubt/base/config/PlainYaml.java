package dev.redoubt.base.config;

import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// A YAML file of somebody else's, as JSON: plain data with names as they stand there, under the bounds of our
/// own
/// files. What it must hold is for whoever reads it to say.
public final class PlainYaml {
    private PlainYaml() {}

    /// Either the data or what is wrong.
    public sealed interface Outcome {
        record Good(JsonNode data) implements Outcome {}

        record Bad(List<ConfigProblem> problems) implements Outcome {}
    }

    public static Outcome read(String text) {
        ConfigProblems problems = new ConfigProblems();
        Optional<JsonNode> data =
                ConfigTree.parse(text, problems).flatMap(tree -> new PlainData().read("", tree, problems));
        List<ConfigProblem> all = problems.all();
        return data.isPresent() && all.isEmpty() ? new Outcome.Good(data.get()) : new Outcome.Bad(all);
    }
}
