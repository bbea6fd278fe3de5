package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.KvLayout;
import dev.redoubt.kernels.KvMemory;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// Runs one sequence at a time through a [Model], without an engine: its own block table and KV memory.
final class PromptRunner implements AutoCloseable {
    private final Compute compute;
    private final Model model;
    private final KvMemory kv;
    private final StepBatch step;
    private final int rowsMax;

    private PromptRunner(Compute compute, Model model, KvMemory kv, int rowsMax) {
        this.compute = compute;
        this.model = model;
        this.kv = kv;
        this.rowsMax = rowsMax;
        this.step = new StepBatch(rowsMax, 1);
        step.attention.blockTable[0] = new int[kv.blocks()];
        for (int i = 0; i < kv.blocks(); i++) step.attention.blockTable[0][i] = kv.blocks() - 1 - i; // not the identity
    }

    static PromptRunner open(Path path, String kernels, int contextTokensMax) {
        return open(path, kernels, 1, contextTokensMax, contextTokensMax);
    }

    /// @param rowsMax tokens of a prefill chunk
    static PromptRunner open(Path path, String kernels, int threads, int contextTokensMax, int rowsMax) {
        return open(path, List.of(), kernels, threads, contextTokensMax, rowsMax);
    }

    /// The same with the first of some adapters on.
    static PromptRunner open(
            Path path, List<Path> adapters, String kernels, int threads, int contextTokensMax, int rowsMax) {
        VerifiedArtifact artifact = ModelPath.open(path);
        Compute compute = Compute.open(
                kernels, threads, rowsMax, Models.describe(artifact).widestInput());
        List<VerifiedArtifact> opened = adapters.stream().map(ModelPath::open).toList();
        Model model = Models.load(artifact, opened, compute, rowsMax, contextTokensMax);
        opened.forEach(VerifiedArtifact::close);
        int blocks = (contextTokensMax + KvLayout.BLOCK_TOKENS - 1) / KvLayout.BLOCK_TOKENS;
        PromptRunner runner =
                new PromptRunner(compute, model, KvMemory.map(model.kvLayout(KvFormat.F32), blocks), rowsMax);
        if (!adapters.isEmpty()) Arrays.fill(runner.step.adapters, 0);
        return runner;
    }

    Model model() {
        return model;
    }

    Compute compute() {
        return compute;
    }

    /// The logits after every id, computed in chunks of at most `rowsMax`.
    ///
    /// @return (ids, vocabulary)
    float[][] logits(int... ids) {
        float[][] result = new float[ids.length][];
        for (int from = 0; from < ids.length; from += rowsMax) {
            int first = from;
            append(
                    from,
                    Arrays.copyOfRange(ids, from, Math.min(ids.length, from + rowsMax)),
                    true,
                    (row, values) -> result[first + row] = values);
        }
        return result;
    }

    /// The ids that follow, most likely first of each step, lowest id of equals.
    int[] greedy(int[] prompt, int steps) {
        int[] result = new int[steps];
        int[] next = prompt;
        int position = 0;
        for (; next.length > rowsMax; position += rowsMax) {
            append(position, Arrays.copyOf(next, rowsMax), false, (row, values) -> {});
            next = Arrays.copyOfRange(next, rowsMax, next.length);
        }
        for (int i = 0; i < steps; i++) {
            int[] best = new int[1];
            append(position, next, false, (row, values) -> best[0] = argMax(values));
            position += next.length;
            next = best;
            result[i] = best[0];
        }
        return result;
    }

    static int argMax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
        return best;
    }

    /// -ln p of `id` under `logits`, in double.
    static double negativeLogLikelihood(float[] logits, int id) {
        return logSumExp(logits) - logits[id];
    }

    static double logSumExp(float[] logits) {
        float max = logits[argMax(logits)];
        double sum = 0;
        for (float z : logits) sum += Math.exp((double) z - max);
        return max + Math.log(sum);
    }

    private interface RowSink {
        void accept(int row, float[] logits);
    }

    private void append(int position, int[] ids, boolean everyRow, RowSink sink) {
        step.attention.rows = ids.length;
        step.attention.sequences = 1;
        for (int i = 0; i < ids.length; i++) {
            step.tokenIds[i] = ids[i];
            step.attention.position[i] = position + i;
            step.attention.sequence[i] = 0;
        }
        step.logitRowCount = everyRow ? ids.length : 1;
        for (int i = 0; i < step.logitRowCount; i++) step.logitRows[i] = everyRow ? i : ids.length - 1;
        model.forward(step, kv, (first, logits, rows) -> {
            for (int r = 0; r < rows; r++) {
                float[] values = new float[logits.columns()];
                for (int c = 0; c < values.length; c++) values[c] = logits.get(r, c);
                sink.accept(first + r, values);
            }
        });
    }

    @Override
    public void close() {
        kv.close();
        model.close();
        compute.close();
    }
}
