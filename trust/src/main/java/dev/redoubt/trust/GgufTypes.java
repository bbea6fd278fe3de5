package dev.redoubt.trust;

import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/// The numbers of tensor types in GGUF files (ggml's `enum ggml_type`).
final class GgufTypes {
    private static final Map<TensorType, Integer> IDS = new EnumMap<>(Map.ofEntries(
            Map.entry(TensorType.F32, 0),
            Map.entry(TensorType.F16, 1),
            Map.entry(TensorType.Q4_0, 2),
            Map.entry(TensorType.Q4_1, 3),
            Map.entry(TensorType.Q5_0, 6),
            Map.entry(TensorType.Q5_1, 7),
            Map.entry(TensorType.Q8_0, 8),
            Map.entry(TensorType.Q2_K, 10),
            Map.entry(TensorType.Q3_K, 11),
            Map.entry(TensorType.Q4_K, 12),
            Map.entry(TensorType.Q5_K, 13),
            Map.entry(TensorType.Q6_K, 14),
            Map.entry(TensorType.IQ4_NL, 20),
            Map.entry(TensorType.IQ4_XS, 23),
            Map.entry(TensorType.I8, 24),
            Map.entry(TensorType.I16, 25),
            Map.entry(TensorType.I32, 26),
            Map.entry(TensorType.I64, 27),
            Map.entry(TensorType.F64, 28),
            Map.entry(TensorType.BF16, 30)));

    private GgufTypes() {}

    static Optional<TensorType> of(long id) {
        return IDS.entrySet().stream()
                .filter(entry -> entry.getValue() == id)
                .map(Map.Entry::getKey)
                .findAny();
    }

    /// @throws IllegalArgumentException if GGUF has no such type
    static int id(TensorType type) {
        Integer id = IDS.get(type);
        if (id == null) throw new IllegalArgumentException("GGUF has no tensors of " + type);
        return id;
    }
}
