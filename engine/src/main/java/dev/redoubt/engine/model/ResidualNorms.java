package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute.Projection;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.WeightMatrix;
import org.jspecify.annotations.Nullable;

/// How a block of a layer hangs on the residual stream: `x += after(block(before(x)))`, either norm or both there.
/// Without the one after, the block's last product is added to the stream where it is computed.
final class ResidualNorms {
    private final DecoderParts parts;
    private final @Nullable FloatMatrix before; // (1, hidden)
    private final @Nullable FloatMatrix after; // (1, hidden)

    ResidualNorms(DecoderParts parts, @Nullable FloatMatrix before, @Nullable FloatMatrix after) {
        this.parts = parts;
        this.before = before;
        this.after = after;
    }

    /// What the block reads.
    FloatMatrix input(int rows) {
        if (before == null) return parts.x();
        parts.compute().rmsNorm(parts.x(), rows, before, parts.config().normEpsilon(), parts.normed());
        return parts.normed();
    }

    /// Where the block's last product goes.
    ///
    /// @param weights (hidden, …)
    Projection output(WeightMatrix weights) {
        return after == null ? Projection.addedTo(weights, parts.x()) : Projection.into(weights, parts.inner());
    }

    /// After the block.
    void close(int rows) {
        if (after == null) return;
        parts.compute().rmsNorm(parts.inner(), rows, after, parts.config().normEpsilon(), parts.inner());
        parts.compute().add(parts.inner(), rows, parts.x());
    }
}
