package dev.redoubt.base.config;

import java.util.Map;
import java.util.Optional;

/// What a [Section] read. Immutable.
public final class SectionValues {
    /// @param line where the value stands
    record Read(int line, Object value) {}

    private final int line;
    private final Map<Setting<?>, Read> values;

    SectionValues(int line, Map<Setting<?>, Read> values) {
        this.line = line;
        this.values = Map.copyOf(values);
    }

    /// Its value, or its fallback; empty if it has neither.
    @SuppressWarnings("unchecked") // the section put what the setting's own type read
    public <T> Optional<T> find(Setting<T> setting) {
        Read read = values.get(setting);
        return read == null ? setting.fallback() : Optional.of((T) read.value());
    }

    /// The value of a setting that is required or has a fallback.
    public <T> T get(Setting<T> setting) {
        return find(setting)
                .orElseThrow(() -> new IllegalStateException("neither required nor with a fallback: " + setting.key()));
    }

    /// Whether the file has it.
    public boolean has(Setting<?> setting) {
        return values.containsKey(setting);
    }

    /// Where the setting stands, or else the section.
    public int line(Setting<?> setting) {
        Read read = values.get(setting);
        return read == null ? line : read.line();
    }
}
