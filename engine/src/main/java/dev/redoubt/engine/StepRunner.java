package dev.redoubt.engine;

import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.model.StepBatch;
import java.util.List;
import java.util.Optional;

/// What the loop needs of a model: one forward pass over a step, and every wanted row of logits read by its
/// task.
interface StepRunner {
    /// The state of sampling of a new sequence. From the loop or a compute thread.
    TokenPicker newPicker(SamplingParams params, long seed, int[] promptIds);

    /// Runs the step. Engine loop only.
    ///
    /// @param tasks by index in [StepBatch#logitRows]; what each row gave is in its task afterwards
    /// @throws RuntimeException if the pass itself failed: nothing of this step counts
    void run(StepBatch batch, List<? extends RowTask> tasks);

    /// As [dev.redoubt.engine.model.Model#changedWeights].
    Optional<String> changedWeights();
}
