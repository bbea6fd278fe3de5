package dev.redoubt.engine.model;

import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.List;

/// One tensor that an architecture expects.
///
/// @param layer 0 where the role has none
/// @param expert 0 where the role has none
/// @param shape slowest dimension first
record TensorSpec(TensorRole role, int layer, int expert, List<Long> shape, Use use) {
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
        return new TensorSpec(role, layer, 0, List.of(size), Use.REQUIRED);
    }

    static TensorSpec matrix(TensorRole role, int layer, long rows, long columns) {
        return new TensorSpec(role, layer, 0, List.of(rows, columns), Use.REQUIRED);
    }

    /// One matrix after the other.
    static TensorSpec matrices(TensorRole role, int layer, long count, long rows, long columns) {
        return new TensorSpec(role, layer, 0, List.of(count, rows, columns), Use.REQUIRED);
    }

    String name(Container container) {
        return role.name(container, layer, expert);
    }

    TensorSpec of(int expert) {
        return new TensorSpec(role, layer, expert, shape, use);
    }

    TensorSpec with(Use other) {
        return new TensorSpec(role, layer, expert, shape, other);
    }
}
