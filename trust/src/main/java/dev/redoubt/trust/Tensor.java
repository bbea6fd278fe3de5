package dev.redoubt.trust;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// A stored tensor of a verified artifact.
///
/// @param shape slowest dimension first, whatever the container's own order: a matrix is [rows, columns]
/// @param data row-major, little-endian, read-only, exactly as many bytes as type and shape ask for; lives as
///     long as its artifact; it may begin at any address, so it is read with unaligned layouts
public record Tensor(String name, TensorType type, List<Long> shape, MemorySegment data) {
    public Tensor {
        shape = List.copyOf(shape);
    }
}
