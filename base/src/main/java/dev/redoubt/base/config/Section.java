package dev.redoubt.base.config;

import dev.redoubt.base.config.ConfigValue.Entries;
import dev.redoubt.base.config.ConfigValue.Entry;
import dev.redoubt.base.config.SectionValues.Read;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;

/// The settings that a map of the file may hold; no others. A section is the type of a setting too, so that the whole
/// file is one. Immutable.
public final class Section extends SettingType<SectionValues> {
    private final SequencedMap<String, Setting<?>> byKey = new LinkedHashMap<>();

    public Section(List<Setting<?>> settings) {
        for (Setting<?> setting : settings) byKey.put(setting.key(), setting);
    }

    /// What came of a file.
    public sealed interface Outcome {
        record Good(SectionValues values) implements Outcome {}

        /// @param problems all of them, by line
        record Bad(List<ConfigProblem> problems) implements Outcome {}
    }

    /// In the order in which they were given.
    public List<Setting<?>> settings() {
        return List.copyOf(byKey.values());
    }

    /// The text of a file; where it is over the limit, enough of it to be refused for that.
    ///
    /// @throws IOException if the file cannot be read
    public static byte[] bytes(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.readNBytes(ConfigTree.BYTES_MAX + 1);
        }
    }

    /// @param text of a file
    public Outcome readBytes(byte[] text) {
        if (text.length > ConfigTree.BYTES_MAX)
            return bad("the file has " + text.length + " bytes or more, limit is " + ConfigTree.BYTES_MAX);
        try {
            return readText(StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(text))
                    .toString());
        } catch (CharacterCodingException e) {
            return bad("the file is not UTF-8");
        }
    }

    /// As [#readBytes], for text.
    public Outcome readText(String text) {
        ConfigProblems problems = new ConfigProblems();
        Optional<SectionValues> values = ConfigTree.parse(text, problems).flatMap(tree -> read("", tree, problems));
        List<ConfigProblem> all = problems.all();
        return values.isPresent() && all.isEmpty() ? new Outcome.Good(values.get()) : new Outcome.Bad(all);
    }

    /// Every setting at its fallback, as if the file had none.
    public SectionValues absent() {
        return new SectionValues(1, Map.of());
    }

    @Override
    public String allowed() {
        return "settings: " + String.join(", ", byKey.keySet());
    }

    @Override
    Optional<SectionValues> read(String path, ConfigValue value, ConfigProblems problems) {
        if (!(value instanceof Entries map)) {
            problems.add(value.line(), "'" + path + "' must hold " + allowed());
            return Optional.empty();
        }
        Map<Setting<?>, Read> values = new HashMap<>();
        for (Entry entry : map.entries()) {
            String at = under(path, entry.key());
            Setting<?> setting = byKey.get(entry.key());
            if (setting == null) problems.add(entry.line(), unknown(path, entry.key()));
            else
                setting.type()
                        .read(at, entry.value(), problems)
                        .ifPresent(read -> values.put(setting, new Read(entry.line(), read)));
        }
        for (Setting<?> setting : byKey.values())
            if (setting.required()
                    && map.entries().stream().noneMatch(entry -> entry.key().equals(setting.key())))
                problems.add(new ConfigProblem(
                        map.line(),
                        "'" + under(path, setting.key()) + "' is missing: state it, allowed is "
                                + setting.type().allowed(),
                        setting.rule()));
        return Optional.of(new SectionValues(map.line(), values));
    }

    private String unknown(String path, String key) {
        Optional<String> near = Spelling.nearest(key, byKey.keySet());
        String hint = near.map(name -> ", did you mean '" + under(path, name) + "'?")
                .orElse(", known are " + String.join(", ", byKey.keySet()));
        return "unknown setting '" + under(path, key) + "'" + hint;
    }

    private static String under(String path, String key) {
        return path.isEmpty() ? key : path + "." + key;
    }

    private static Outcome bad(String message) {
        return new Outcome.Bad(List.of(new ConfigProblem(1, message, Optional.empty())));
    }
}
