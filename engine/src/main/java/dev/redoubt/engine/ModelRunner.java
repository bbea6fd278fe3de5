package dev.redoubt.engine;

import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.model.Model;
import dev.redoubt.engine.model.StepBatch;
import dev.redoubt.engine.sample.Sampler;
import dev.redoubt.engine.sample.SamplingState;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.KvMemory;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// Runs steps on a loaded model. Logits come in slices, so each slice is sampled, its rows in parallel, before
/// the next is computed.
final class ModelRunner implements StepRunner {
    private final Model model;
    private final KvMemory kv;
    private final Compute compute;
    private final Set<Integer> endOfSequence;
    private final float[] logSumExp;
    private final int[] argMax;

    /// @param rowsMax tokens of the largest step
    ModelRunner(Model model, KvMemory kv, Compute compute, Set<Integer> endOfSequence, int rowsMax) {
        this.model = model;
        this.kv = kv;
        this.compute = compute;
        this.endOfSequence = Set.copyOf(endOfSequence);
        this.logSumExp = new float[rowsMax];
        this.argMax = new int[rowsMax];
    }

    @Override
    public TokenPicker newPicker(SamplingParams params, long seed, int[] promptIds) {
        SamplingState state = SamplingState.of(
                params, seed, promptIds, endOfSequence, model.spec().vocabularySize());
        return new TokenPicker() {
            @Override
            public Sampler.Sampled pick(FloatMatrix logits, int row, float logSumExp, int argMax) {
                return Sampler.sample(logits, row, logSumExp, argMax, state);
            }

            @Override
            public void accept(int tokenId) {
                state.accept(tokenId);
            }
        };
    }

    @Override
    public List<RowOutcome> run(StepBatch batch, List<RowTask> tasks) {
        RowOutcome[] outcomes = new RowOutcome[tasks.size()];
        model.forward(batch, kv, (first, logits, rows) -> {
            compute.logSumExp(logits, rows, logSumExp, argMax);
            compute.forEach(rows, row -> outcomes[first + row] = outcome(tasks.get(first + row), logits, row));
        });
        return Arrays.asList(outcomes);
    }

    private RowOutcome outcome(RowTask task, FloatMatrix logits, int row) {
        float sum = logSumExp[row];
        if (!Float.isFinite(sum)) return new RowOutcome.Fault(new ArithmeticException("logits are not finite"));
        try {
            return switch (task) {
                case RowTask.NextToken next -> {
                    Sampler.Sampled sampled = next.picker().pick(logits, row, sum, argMax[row]);
                    yield new RowOutcome.Token(sampled.tokenId(), sampled.logprob());
                }
                case RowTask.PromptLogprob prompt ->
                    new RowOutcome.Logprob(Sampler.logprob(logits, row, sum, prompt.tokenId(), prompt.top()));
            };
        } catch (RuntimeException | Error fault) { // of this row's sequence: its neighbours go on
            return new RowOutcome.Fault(fault);
        }
    }
}
