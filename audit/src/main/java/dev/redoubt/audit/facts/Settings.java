package dev.redoubt.audit.facts;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// Named settings, as they are given to a constructor, a command or a file. Immutable.
public final class Settings {
    public static final Settings NONE = new Settings(Map.of(), false);

    private final Map<String, Setting> entries;
    private final boolean open;

    /// @param open whether there may be more than is known: what is missing here may be set
    public Settings(Map<String, Setting> entries, boolean open) {
        this.entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
        this.open = open;
    }

    public Optional<Setting> get(String name) {
        return Optional.ofNullable(entries.get(name));
    }

    public Map<String, Setting> entries() {
        return entries;
    }

    public boolean open() {
        return open;
    }

    /// Whether it is certain that none of these is set.
    public boolean lacks(String... names) {
        if (open) return false;
        for (String name : names) if (entries.containsKey(name)) return false;
        return true;
    }

    public boolean has(String name) {
        return entries.containsKey(name);
    }

    /// The settings inside one of these, such as those of a dictionary; none if it is no group.
    public Settings group(String name) {
        return get(name)
                .flatMap(setting -> setting.value()
                        .alternatives()
                        .filter(Value.Group.class::isInstance)
                        .map(group -> ((Value.Group) group).settings())
                        .findFirst())
                .orElse(NONE);
    }

    /// These, and in their place or beside them others.
    public Settings with(Settings others) {
        Map<String, Setting> all = new LinkedHashMap<>(entries);
        all.putAll(others.entries);
        return new Settings(all, open || others.open);
    }

    public Settings with(String name, Setting setting) {
        return with(new Settings(Map.of(name, setting), false));
    }
}
