package dev.redoubt.audit;

import dev.redoubt.audit.facts.YamlTree;
import dev.redoubt.audit.facts.YamlTree.Mapping;
import dev.redoubt.audit.facts.YamlTree.Scalar;
import dev.redoubt.audit.facts.YamlTree.Sequence;
import dev.redoubt.audit.source.FileText;
import dev.redoubt.audit.source.SourceText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A configuration of Ray Serve, read as the audit reads it: the file that `serve build` writes, or the manifest
/// of a RayService that holds one. Names and values stand there as the file has them.
public final class RayServeFile {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private RayServeFile() {}

    /// Either the configuration or why there is none.
    public sealed interface Outcome {
        /// @param configuration an object with `applications`
        /// @param repeated the places of keys that a map holds more than once, of which the last counts
        record Read(JsonNode configuration, List<String> repeated) implements Outcome {}

        record Unreadable(String reason) implements Outcome {}
    }

    public static Outcome read(Path file) {
        return switch (FileText.read(file, file.toString())) {
            case FileText.Outcome.Skipped(String reason) -> new Outcome.Unreadable("the file is " + reason);
            case FileText.Outcome.Failed(String reason) -> new Outcome.Unreadable("the file " + reason);
            case FileText.Outcome.Read(SourceText source) ->
                source.text().contains("{{")
                        ? new Outcome.Unreadable(
                                "a template fills the file in: render it first, as with 'helm template'")
                        : configuration(source);
        };
    }

    private static Outcome configuration(SourceText source) {
        Optional<List<YamlTree>> documents = YamlTree.parse(source, source.text());
        if (documents.isEmpty())
            return new Outcome.Unreadable("the file is no YAML, or nested beyond " + YamlTree.DEPTH_MAX + " levels");
        for (YamlTree document : documents.get()) {
            if (document.at("applications") instanceof Sequence all
                    && !all.items().isEmpty()) return new Outcome.Read(json(document), repeated(document));
            if (document.at("spec", "serveConfigV2") instanceof Scalar held)
                return configuration(new SourceText(source.path(), held.text()));
        }
        return new Outcome.Unreadable(
                "the file has no 'applications': give one that 'serve build' or 'serve deploy' knows");
    }

    private static List<String> repeated(YamlTree document) {
        List<String> places = new ArrayList<>();
        repeated(document, "", places);
        return List.copyOf(places);
    }

    private static void repeated(YamlTree tree, String at, List<String> places) {
        switch (tree) {
            case Mapping mapping -> {
                String below = at.isEmpty() ? "" : at + ".";
                mapping.repeated().forEach(key -> places.add(below + key));
                mapping.entries().forEach((key, value) -> repeated(value, below + key, places));
            }
            case Sequence sequence -> {
                for (int i = 0; i < sequence.items().size(); i++)
                    repeated(sequence.items().get(i), at + "[" + i + "]", places);
            }
            case Scalar scalar -> {}
        }
    }

    private static JsonNode json(YamlTree tree) {
        return switch (tree) {
            case Mapping mapping -> {
                ObjectNode object = NODES.objectNode();
                mapping.entries().forEach((name, value) -> object.set(name, json(value)));
                yield object;
            }
            case Sequence sequence ->
                NODES.arrayNode()
                        .addAll(sequence.items().stream()
                                .map(RayServeFile::json)
                                .toList());
            case Scalar scalar -> json(scalar);
        };
    }

    private static JsonNode json(Scalar scalar) {
        String text = scalar.text();
        if (!scalar.plain()) return NODES.stringNode(text);
        if (text.isEmpty() || text.equals("null") || text.equals("~")) return NODES.nullNode();
        if (text.equals("true") || text.equals("false")) return NODES.booleanNode(text.equals("true"));
        if (text.matches("[-+]?[0-9]{1,18}")) return NODES.numberNode(Long.parseLong(text));
        if (text.matches("[-+]?([0-9]+\\.[0-9]*|\\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]{1,3})?"))
            return NODES.numberNode(Double.parseDouble(text));
        return NODES.stringNode(text);
    }
}
