package dev.redoubt.trust;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// The key-value part of a GGUF file, strictly read. Values are `Long` (all integer types), `Double` (float
/// types), `Boolean`, `String`, `List<String>`, `long[]`, `float[]` or `double[]` (arrays; an array of arrays
/// is refused by the reader).
public final class GgufMetadata {
    private final Map<String, Object> values;

    GgufMetadata(Map<String, Object> values) {
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /// Every key with its value, in file order. Arrays are not copied: leave them as they are.
    public Map<String, Object> values() {
        return values;
    }

    /// @throws ArtifactException if the value is of another type
    public Optional<String> string(String key) {
        return Optional.ofNullable(typed(key, String.class));
    }

    /// @throws ArtifactException if the value is of another type
    public OptionalLong integer(String key) {
        Long value = typed(key, Long.class);
        return value == null ? OptionalLong.empty() : OptionalLong.of(value);
    }

    /// Integers widen.
    ///
    /// @throws ArtifactException if the value is of another type
    public OptionalDouble number(String key) {
        Object value = values.get(key);
        if (value instanceof Long whole) return OptionalDouble.of(whole);
        Double number = typed(key, Double.class);
        return number == null ? OptionalDouble.empty() : OptionalDouble.of(number);
    }

    /// @throws ArtifactException if the value is of another type
    public Optional<Boolean> bool(String key) {
        return Optional.ofNullable(typed(key, Boolean.class));
    }

    /// @throws ArtifactException if the value is of another type
    public Optional<List<String>> strings(String key) {
        List<?> value = typed(key, List.class);
        return Optional.ofNullable(value)
                .map(list -> list.stream().map(String.class::cast).toList());
    }

    /// @throws ArtifactException if the value is of another type
    public Optional<long[]> integers(String key) {
        return Optional.ofNullable(typed(key, long[].class));
    }

    /// @throws ArtifactException if the value is of another type
    public Optional<float[]> floats(String key) {
        return Optional.ofNullable(typed(key, float[].class));
    }

    private <T> @Nullable T typed(String key, Class<T> type) {
        Object value = values.get(key);
        if (value == null) return null;
        if (!type.isInstance(value))
            throw new ArtifactException(
                    "V4.3",
                    "GGUF key '" + key + "' has type " + value.getClass().getSimpleName() + ", expected "
                            + type.getSimpleName());
        return type.cast(value);
    }
}
