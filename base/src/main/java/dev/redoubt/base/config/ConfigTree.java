package dev.redoubt.base.config;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.config.ConfigValue.Entries;
import dev.redoubt.base.config.ConfigValue.Entry;
import dev.redoubt.base.config.ConfigValue.Items;
import dev.redoubt.base.config.ConfigValue.Scalar;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/// YAML as a tree of [ConfigValue]: one document of plain data. Anchors, tags, duplicate keys and secrets are
/// problems.
final class ConfigTree {
    /* The library only parses: its constructors, which make objects of tags, are never called. What YAML offers beyond maps, lists and
     * scalars is refused, because it lets one place of a file change the meaning of another. */
    static final int BYTES_MAX = 1 << 20;

    private static final int DEPTH_MAX = 16;
    private static final String PLAIN_TAGS = "tag:yaml.org,2002:";
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9/{}][A-Za-z0-9/{}._-]{0,127}");
    /// Keys of Redoubt, tokens of the hub and of others, private keys.
    private static final Pattern SECRET = Pattern.compile(
            "rdt_[A-Za-z0-9_-]{16,}|hf_[A-Za-z0-9]{16,}|sk-[A-Za-z0-9_-]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY");

    private final ConfigProblems problems;
    private final Set<Node> seen =
            new HashSet<>(); // nodes compare by identity: an alias shows as a node that was there before

    private ConfigTree(ConfigProblems problems) {
        this.problems = problems;
    }

    /// @return the top-level map; empty if the text is no YAML or something else stands at the top
    static Optional<Entries> parse(String text, ConfigProblems problems) {
        LoadSettings settings = LoadSettings.builder()
                .setLabel("configuration")
                .setCodePointLimit(BYTES_MAX)
                .setAllowNonScalarKeys(false)
                .setMaxAliasesForCollections(0)
                .build();
        try {
            int deep = lineTooDeep(parser(settings, text));
            if (deep > 0) {
                problems.add(deep, "nested deeper than " + DEPTH_MAX + " levels");
                return Optional.empty();
            }
            Iterator<Node> documents = new Composer(settings, parser(settings, text));
            if (!documents.hasNext()) return Optional.of(new Entries(1, List.of()));
            Node top = documents.next();
            if (documents.hasNext()) problems.add(line(documents.next()), "a second document begins: keep one");
            if (top instanceof ScalarNode scalar && scalar.getValue().isEmpty())
                return Optional.of(new Entries(1, List.of()));
            if (!(top instanceof MappingNode)) {
                problems.add(line(top), "the file must hold settings, such as 'http:' or 'model:'");
                return Optional.empty();
            }
            return Optional.of((Entries) new ConfigTree(problems).value(top, line(top)));
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().map(Mark::getLine).orElse(0) + 1;
            problems.add(line, "not valid YAML: " + oneLine(e.getProblem()));
            return Optional.empty();
        } catch (YamlEngineException e) {
            problems.add(1, "not valid YAML: " + oneLine(String.valueOf(e.getMessage())));
            return Optional.empty();
        }
    }

    private static ParserImpl parser(LoadSettings settings, String text) {
        return new ParserImpl(settings, new StreamReader(settings, text));
    }

    /// The composer calls itself for each level and would run out of stack; the parser does not.
    ///
    /// @return 0 if no line is too deep
    private static int lineTooDeep(ParserImpl events) {
        int depth = 0;
        while (events.hasNext()) {
            Event event = events.next();
            if (event instanceof CollectionStartEvent && ++depth > DEPTH_MAX)
                return event.getStartMark().map(Mark::getLine).orElse(0) + 1;
            if (event instanceof CollectionEndEvent) depth--;
        }
        return 0;
    }

    /// @param line of the key where there is one, else of the value
    private ConfigValue value(Node node, int line) {
        if (!seen.add(node) || node.getAnchor().isPresent())
            problems.add(line, "anchors and aliases are not taken: write the value out");
        String tag = node.getTag().getValue();
        if (!tag.startsWith(PLAIN_TAGS) || tag.endsWith("binary"))
            problems.add(line, "a tag is not taken: leave it out");
        return switch (node) {
            case ScalarNode scalar -> scalar(line, scalar);
            case SequenceNode sequence ->
                new Items(
                        line,
                        sequence.getValue().stream()
                                .map(item -> value(item, line(item)))
                                .toList());
            case MappingNode mapping -> new Entries(line, entries(mapping));
            default -> throw new IllegalStateException("a node of a composed tree is " + node.getClass());
        };
    }

    private Scalar scalar(int line, ScalarNode node) {
        if (SECRET.matcher(node.getValue()).find())
            problems.add(new ConfigProblem(
                    line,
                    "a key or token stands in the file: put it into a file that only the owner can read and write file:PATH, or env:NAME",
                    Optional.of(Requirement.V4_4)));
        return new Scalar(line, node.getValue(), node.isPlain());
    }

    private List<Entry> entries(MappingNode mapping) {
        List<Entry> entries = new ArrayList<>();
        Map<String, Integer> lines = new HashMap<>();
        for (NodeTuple tuple : mapping.getValue()) {
            int line = line(tuple.getKeyNode());
            String written = tuple.getKeyNode() instanceof ScalarNode key ? key.getValue() : "";
            if (!KEY.matcher(written).matches()) {
                problems.add(line, "a key must be a name of letters, digits and -");
                continue;
            }
            String key = written.startsWith("/")
                    ? written
                    : written.replace('_', '-').toLowerCase(Locale.ROOT);
            Integer before = lines.putIfAbsent(key, line);
            if (before != null) problems.add(line, "'" + written + "' is there twice, first in line " + before);
            entries.add(new Entry(line, key, written, value(tuple.getValueNode(), line)));
        }
        return entries;
    }

    private static int line(Node node) {
        return node.getStartMark().map(Mark::getLine).orElse(0) + 1;
    }

    private static String oneLine(String text) {
        return text.strip().replaceAll("\\s*\\R\\s*", ", ");
    }
}
