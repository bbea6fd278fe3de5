package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/// The key-value part of a GGUF file, strictly read. Values are `Long` (all integer types), `Double` (float
/// types), `Boolean`, `String`, `List<String>`, `long[]`, `float[]` or `double[]` (arrays; an array of arrays
/// is refused by the reader).
public final class GgufMetadata {
    private final Map<String, Object> values;
    private final Map<String, MemorySegment> encoded;

    /// @param encoded type and value of each key as the file has them
    GgufMetadata(Map<String, Object> values, Map<String, MemorySegment> encoded) {
        this.values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
        this.encoded = Map.copyOf(encoded);
    }

    /// Type and value of a key that there is, byte by byte: what a value of ours no longer says is how wide it was.
    MemorySegment encoded(String key) {
        return Objects.requireNonNull(encoded.get(key));
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
