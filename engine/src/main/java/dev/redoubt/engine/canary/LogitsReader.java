package dev.redoubt.engine.canary;

import dev.redoubt.engine.model.Model;
import dev.redoubt.engine.model.Models;
import dev.redoubt.engine.model.StepBatch;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.KvLayout;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.ArrayDeque;
import java.util.Deque;

/// Gives all logits of one text, where an engine gives the best few: a model with a KV memory for that text alone.
final class LogitsReader implements AutoCloseable {
    private static final int ROWS_MAX = 64;

    private final Deque<AutoCloseable> opened = new ArrayDeque<>();
    private final Model model;
    private final KvMemory kv;
    private final StepBatch step = new StepBatch(ROWS_MAX, 1);

    /// Told of one position after the other.
    interface Rows {
        /// @param position of the token after which these are the logits
        /// @param logits of which `row` counts; valid during the call only
        void accept(int position, FloatMatrix logits, int row);
    }

    /// @param artifact owned from then on; when this throws it may still be the caller's to close
    /// @param tokensMax of a text
    LogitsReader(VerifiedArtifact artifact, int threads, int tokensMax) {
        try {
            Compute compute = keep(Compute.open(
                    "auto", threads, ROWS_MAX, Models.describe(artifact).widestInput()));
            this.model = keep(Models.load(artifact, compute, ROWS_MAX, tokensMax));
            this.kv = keep(KvMemory.map(model.kvLayout(KvFormat.F32), blocks(tokensMax)));
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
        step.attention.blockTable[0] = new int[kv.blocks()];
        for (int i = 0; i < kv.blocks(); i++) step.attention.blockTable[0][i] = i;
    }

    private <T extends AutoCloseable> T keep(T resource) {
        opened.push(resource);
        return resource;
    }

    private static int blocks(int tokens) {
        return (tokens + KvLayout.BLOCK_TOKENS - 1) / KvLayout.BLOCK_TOKENS;
    }

    int vocabularySize() {
        return model.spec().vocabularySize();
    }

    /// @param ids at most `tokensMax`
    void read(int[] ids, Rows sink) {
        for (int first = 0; first < ids.length; first += ROWS_MAX) {
            int from = first;
            int rows = Math.min(ROWS_MAX, ids.length - first);
            step.attention.rows = rows;
            step.attention.sequences = 1;
            step.logitRowCount = rows;
            for (int i = 0; i < rows; i++) {
                step.tokenIds[i] = ids[first + i];
                step.attention.position[i] = first + i;
                step.attention.sequence[i] = 0;
                step.logitRows[i] = i;
            }
            model.forward(step, kv, (at, logits, count) -> {
                for (int row = 0; row < count; row++) sink.accept(from + at + row, logits, row);
            });
        }
    }

    @Override
    public void close() {
        for (AutoCloseable one : opened) {
            try {
                one.close();
            } catch (Exception e) {
                throw new IllegalStateException("memory cannot be given back", e);
            }
        }
        opened.clear();
    }
}
