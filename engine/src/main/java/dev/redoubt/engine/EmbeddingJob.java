package dev.redoubt.engine;

import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.EmbeddingListener;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.engine.schedule.Waiting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/// One request for embeddings, from its acceptance to its end. What the loop knows of it is the loop's alone,
/// once it is submitted.
final class EmbeddingJob {
    /// One of its texts.
    ///
    /// @param index among the inputs, from 0
    record Text(EmbeddingJob job, int index, int[] ids, long id) implements Waiting {
        @Override
        public String tenant() {
            return job.caller.tenant();
        }

        /// Texts get their ids in the order in which they come.
        @Override
        public long arrival() {
            return id;
        }
    }

    final long id;
    final Caller caller;
    final int dimensions;
    final long arrivalNanos;
    final long deadlineNanos;
    final EmbeddingListener listener;
    final AtomicBoolean cancelled = new AtomicBoolean();
    volatile int promptTokens; // of all inputs, once they are tokenized
    volatile long queueNanos; // until the first batch

    // engine-input, then the loop
    List<int[]> inputs = List.of();

    // the loop
    final List<Text> waiting = new ArrayList<>();
    float[][] vectors = {};
    int missing; // vectors
    boolean over;

    EmbeddingJob(
            long id, Caller caller, int dimensions, long arrivalNanos, long deadlineNanos, EmbeddingListener listener) {
        this.id = id;
        this.caller = caller;
        this.dimensions = dimensions;
        this.arrivalNanos = arrivalNanos;
        this.deadlineNanos = deadlineNanos;
        this.listener = listener;
    }

    Usage usage(long nowNanos) {
        return new Usage(promptTokens, 0, 0, queueNanos, 0, nowNanos - arrivalNanos);
    }

    List<float[]> embedded() {
        return Arrays.asList(vectors);
    }
}
