package dev.redoubt.audit.facts;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The modules beside a file, for the names that it imports from them. Not safe for two threads.
final class Beside {
    private final Path file;
    private final @Nullable Modules modules; // null: in a module one step away already
    private final Set<String> missing = new HashSet<>(); // looking for one costs some calls of the system

    Beside(Path file, @Nullable Modules modules) {
        this.file = file;
        this.modules = modules;
    }

    /// A name in another module.
    record Foreign(Values values, String name) {}

    /// Where an imported name is defined.
    ///
    /// @param dotted `settings.HOST`; a relative one begins with its dots
    Optional<Foreign> find(String dotted) {
        int dot = dotted.lastIndexOf('.');
        if (modules == null || dot <= 0) return Optional.empty();
        String from = dotted.substring(0, dot);
        String module = from.chars().allMatch(c -> c == '.') ? from + "__init__" : from;
        if (missing.contains(module)) return Optional.empty();
        Optional<PythonModule> found = modules.find(file, module);
        if (found.isEmpty()) missing.add(module);
        return found.map(other -> new Foreign(new Values(other, file, null), dotted.substring(dot + 1)));
    }

    /// Settings of another file have no place in this one.
    static Value unplaced(Value value) {
        return value instanceof Value.Group(String type, Settings settings)
                ? new Value.Group(type, unplaced(settings))
                : value;
    }

    static Settings unplaced(Settings settings) {
        Map<String, Setting> entries = new LinkedHashMap<>();
        settings.entries().forEach((key, setting) -> entries.put(key, new Setting(unplaced(setting.value()), -1, -1)));
        return new Settings(entries, settings.open());
    }
}
