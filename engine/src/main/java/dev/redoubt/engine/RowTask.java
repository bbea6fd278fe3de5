package dev.redoubt.engine;

import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.kernels.FloatMatrix;
import org.jspecify.annotations.Nullable;

/// What is wanted of a row of logits, and then what the row gave. A compute thread reads the row into it; the
/// loop takes the result when the step is over.
abstract sealed class RowTask permits NextToken, PromptLogprob {
    private @Nullable Throwable fault;

    /// Whether [#read] needs the row's log-sum-exp: it costs another pass over the vocabulary.
    abstract boolean needsLogSumExp();

    /// @param sampler the thread's own
    /// @param row of `logits`
    /// @param logSumExp of the row; anything where it is not needed
    /// @param argMax of the row
    abstract void take(Sampler sampler, FloatMatrix logits, int row, float logSumExp, int argMax);

    /// Takes the row. A fault is this task's alone: its neighbours go on.
    final void read(Sampler sampler, FloatMatrix logits, int row, float logSumExp, int argMax) {
        fault = null; // of a row that did not count
        try {
            take(sampler, logits, row, logSumExp, argMax);
        } catch (RuntimeException | Error thrown) {
            fault = thrown;
        }
    }

    /// The row could not be used.
    final void fail(Throwable cause) {
        fault = cause;
    }

    /// Null unless something went wrong.
    final @Nullable Throwable fault() {
        return fault;
    }
}
