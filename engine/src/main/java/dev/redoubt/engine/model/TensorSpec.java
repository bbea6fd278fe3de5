package dev.redoubt.engine.model;

import java.util.List;

/// One tensor that an architecture expects.
///
/// @param layer 0 where the role has none
/// @param shape slowest dimension first
record TensorSpec(TensorRole role, int layer, List<Long> shape, Use use) {
    enum Use {
        /// Must be there.
        REQUIRED,
        /// Is used if it is there.
        OPTIONAL,
        /// May be there and is not read.
        IGNORED
    }

    TensorSpec {
        shape = List.copyOf(shape);
    }

    static TensorSpec vector(TensorRole role, int layer, long size) {
        return new TensorSpec(role, layer, List.of(size), Use.REQUIRED);
    }

    static TensorSpec matrix(TensorRole role, int layer, long rows, long columns) {
        return new TensorSpec(role, layer, List.of(rows, columns), Use.REQUIRED);
    }

    TensorSpec with(Use other) {
        return new TensorSpec(role, layer, shape, other);
    }
}
