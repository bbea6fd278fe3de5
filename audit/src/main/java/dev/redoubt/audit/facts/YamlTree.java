package dev.redoubt.audit.facts;

import dev.redoubt.audit.source.SourceText;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.composer.Composer;
import org.snakeyaml.engine.v2.events.CollectionEndEvent;
import org.snakeyaml.engine.v2.events.CollectionStartEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.parser.ParserImpl;
import org.snakeyaml.engine.v2.scanner.StreamReader;

/// YAML as maps, lists and scalars with their places; several documents, anchors and merge keys are understood,
/// tags mean nothing. What stands in `{{ }}` of a template is unknown.
public sealed interface YamlTree {
    /* What aliases unfold to counts against NODES_MAX as if it stood there: a bomb ends the file, not the scan. Depth is
     * measured on events, before the composer recurses. */
    int NODES_MAX = 200_000;
    int DEPTH_MAX = 64;
    int TEXT_OF_A_NODE = 1_000;
    /// Stands for what a template fills in.
    char FILLED_IN = '\uE000';

    int start();

    int end();

    /// @param repeated keys that stand there more than once; the last of each counts
    record Mapping(int start, int end, Map<String, YamlTree> entries, Map<String, Integer> keys, Set<String> repeated)
            implements YamlTree {}

    record Sequence(int start, int end, List<YamlTree> items) implements YamlTree {}

    /// @param plain whether it stands without quotes
    /// @param block whether it is a text of lines, `|` or `>`
    /// @param folded whether these lines are one, `>`
    record Scalar(int start, int end, String text, boolean plain, boolean block, boolean folded) implements YamlTree {}

    /// @return the documents; empty if it is no YAML, or goes beyond a bound
    static Optional<List<YamlTree>> parse(SourceText source, String text) {
        LoadSettings settings = LoadSettings.builder()
                .setAllowDuplicateKeys(true)
                .setMaxAliasesForCollections(NODES_MAX)
                .setCodePointLimit(Integer.MAX_VALUE)
                .build();
        String plain = text.contains("{{") ? withoutTemplates(text) : text;
        try {
            if (!isBounded(settings, plain)) return Optional.empty();
            Composer composer = new Composer(settings, new ParserImpl(settings, new StreamReader(settings, plain)));
            Reader reader = new Reader(source);
            List<YamlTree> documents = new ArrayList<>();
            while (composer.hasNext()) documents.add(reader.read(composer.next(), 0));
            return reader.nodes > NODES_MAX ? Optional.empty() : Optional.of(documents);
        } catch (YamlEngineException | IndexOutOfBoundsException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static boolean isBounded(LoadSettings settings, String text) {
        ParserImpl events = new ParserImpl(settings, new StreamReader(settings, text));
        int depth = 0;
        for (int count = 0; events.hasNext(); count++) {
            Event event = events.next();
            if (event instanceof CollectionStartEvent) depth++;
            if (event instanceof CollectionEndEvent) depth--;
            if (depth > DEPTH_MAX || count > 2 * NODES_MAX) return false;
        }
        return true;
    }

    /// Of the same length. A line that only steers the template goes.
    private static String withoutTemplates(String text) {
        StringBuilder all = new StringBuilder(text);
        for (int open = all.indexOf("{{"); open >= 0; open = all.indexOf("{{", open)) {
            int close = all.indexOf("}}", open);
            if (close < 0) break;
            int lineStart = all.lastIndexOf("\n", open) + 1;
            int lineEnd = all.indexOf("\n", close);
            if (lineEnd < 0) lineEnd = all.length();
            boolean alone = all.substring(lineStart, open).isBlank()
                    && all.substring(close + 2, lineEnd).isBlank();
            for (int i = open; i < close + 2; i++) if (all.charAt(i) != '\n') all.setCharAt(i, alone ? ' ' : FILLED_IN);
        }
        return all.toString();
    }

    /// Makes the tree of one file.
    final class Reader {
        private final SourceText source;
        private int nodes;

        private Reader(SourceText source) {
            this.source = source;
        }

        private YamlTree read(Node node, int depth) {
            int start = node.getStartMark().map(this::offset).orElse(0);
            int end = Math.max(start, node.getEndMark().map(this::offset).orElse(start));
            if (++nodes > NODES_MAX || depth > DEPTH_MAX) return new Scalar(start, end, "", false, false, false);
            return switch (node) {
                case MappingNode mapping -> mapping(mapping, start, end, depth);
                case SequenceNode sequence -> {
                    List<YamlTree> items = new ArrayList<>();
                    for (Node item : sequence.getValue()) {
                        if (nodes > NODES_MAX) break;
                        items.add(read(item, depth + 1));
                    }
                    yield new Sequence(start, end, items);
                }
                case ScalarNode scalar -> {
                    ScalarStyle style = scalar.getScalarStyle();
                    nodes += scalar.getValue().length() / TEXT_OF_A_NODE; // an alias has it read again
                    yield new Scalar(
                            start,
                            end,
                            scalar.getValue(),
                            style == ScalarStyle.PLAIN,
                            style == ScalarStyle.LITERAL || style == ScalarStyle.FOLDED,
                            style == ScalarStyle.FOLDED);
                }
                default -> new Scalar(start, end, "", false, false, false);
            };
        }

        private Mapping mapping(MappingNode mapping, int start, int end, int depth) {
            Map<String, YamlTree> entries = new LinkedHashMap<>();
            Map<String, Integer> keys = new LinkedHashMap<>();
            Set<String> own = new HashSet<>();
            Set<String> repeated = new TreeSet<>();
            for (NodeTuple tuple : mapping.getValue()) {
                if (nodes > NODES_MAX) break;
                if (!(tuple.getKeyNode() instanceof ScalarNode key)) continue;
                YamlTree value = read(tuple.getValueNode(), depth + 1);
                if (key.getValue().equals("<<") && value instanceof Mapping merged) {
                    merged.entries.forEach(entries::putIfAbsent);
                    merged.keys.forEach(keys::putIfAbsent);
                } else {
                    if (!own.add(key.getValue())) repeated.add(key.getValue());
                    entries.put(key.getValue(), value);
                    keys.put(
                            key.getValue(), key.getStartMark().map(this::offset).orElse(start));
                }
            }
            return new Mapping(start, end, entries, keys, repeated);
        }

        private int offset(Mark mark) {
            return Math.min(
                    source.lineStart(mark.getLine() + 1) + mark.getColumn(),
                    source.text().length());
        }
    }

    /// As a value: numbers and truths as such where they stand plain.
    default Value value() {
        return switch (this) {
            case Scalar scalar when scalar.text.indexOf(FILLED_IN) >= 0 -> Value.unknown();
            case Scalar scalar
            when scalar.plain ->
                scalar.text.isEmpty() ? Value.nothing() : CommandLines.typed(Shell.expanded(scalar.text, Map.of()));
            case Scalar scalar -> Shell.expanded(scalar.text, Map.of());
            case Sequence sequence ->
                new Value.Items(sequence.items.stream().map(YamlTree::value).toList(), true);
            case Mapping mapping -> new Value.Group("", mapping.settings());
        };
    }

    /// What stands below a key; null if there is none.
    default @Nullable YamlTree at(String... keys) {
        YamlTree node = this;
        for (String key : keys) {
            if (!(node instanceof Mapping mapping)) return null;
            node = mapping.entries.get(key);
        }
        return node;
    }

    /// The entries of a map as settings; none of anything else.
    default Settings settings() {
        if (!(this instanceof Mapping mapping)) return Settings.NONE;
        Map<String, Setting> all = new LinkedHashMap<>();
        mapping.entries.forEach((key, value) ->
                all.put(key, new Setting(value.value(), mapping.keys.getOrDefault(key, value.start()), value.end())));
        return new Settings(all, false);
    }
}
