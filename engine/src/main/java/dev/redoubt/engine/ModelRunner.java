package dev.redoubt.engine;

import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.model.Model;
import dev.redoubt.engine.model.StepBatch;
import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.engine.sample.SamplingState;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.KvMemory;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Runs steps on a loaded model. Logits come in slices, so each slice is read, its rows in parallel, before the
/// next is computed.
final class ModelRunner implements StepRunner, Model.LogitsSink {
    private final Model model;
    private final KvMemory kv;
    private final Compute compute;
    private final Set<Integer> endOfSequence;
    private final Sampler[] samplers; // by compute thread
    private final Compute.Part readRow = this::readRow;

    // The slice that is read.
    private List<? extends RowTask> tasks = List.of();
    private @Nullable FloatMatrix logits;
    private int first;

    ModelRunner(Model model, KvMemory kv, Compute compute, Set<Integer> endOfSequence) {
        this.model = model;
        this.kv = kv;
        this.compute = compute;
        this.endOfSequence = Set.copyOf(endOfSequence);
        this.samplers = new Sampler[compute.threads()];
        for (int i = 0; i < samplers.length; i++)
            samplers[i] = new Sampler(compute, model.spec().vocabularySize());
    }

    @Override
    public TokenPicker newPicker(SamplingParams params, long seed, int[] promptIds) {
        SamplingState state = SamplingState.of(
                params, seed, promptIds, endOfSequence, model.spec().vocabularySize());
        return new TokenPicker() {
            @Override
            public int pick(Sampler sampler, FloatMatrix logits, int row, int argMax, int guesses) {
                return sampler.pick(logits, row, argMax, state, guesses);
            }

            @Override
            public void accept(int tokenId) {
                state.accept(tokenId);
            }
        };
    }

    @Override
    public void run(StepBatch batch, List<? extends RowTask> tasks) {
        this.tasks = tasks;
        model.forward(batch, kv, this);
    }

    @Override
    public Optional<String> changedWeights() {
        return model.changedWeights();
    }

    @Override
    public void accept(int first, FloatMatrix logits, int rows) {
        this.first = first;
        this.logits = logits;
        compute.forEach(rows, readRow);
    }

    /// On a compute thread. The largest logit tells whether the row can be used: kernels answer a NaN by index 0.
    private void readRow(int row, int worker) {
        FloatMatrix z = Objects.requireNonNull(logits);
        RowTask task = tasks.get(first + row);
        int argMax = compute.argMax(z, row);
        boolean sum = task.needsLogSumExp() || argMax == 0;
        float logSumExp = sum ? compute.logSumExp(z, row, worker) : z.get(row, argMax);
        if (Float.isFinite(logSumExp)) task.read(samplers[worker], z, row, logSumExp, argMax);
        else task.fail(new ArithmeticException("logits are not finite"));
    }
}
