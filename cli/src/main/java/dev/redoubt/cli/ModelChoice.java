package dev.redoubt.cli;

import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.lora.AdapterPlan;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// Which model a server serves, with which adapters, and in how much memory.
///
/// @param name of the store or the catalogue, or a path
/// @param digest hexadecimal SHA-256 of the model's manifest; another one is refused. Empty: any that the store
///     vouches for
/// @param memoryBytes of weights, those of adapters too, and KV cache together; empty: what the machine has
record ModelChoice(String name, Optional<String> digest, OptionalLong memoryBytes, List<AdapterChoice> adapters) {
    /// The most that a server may serve.
    static final int ADAPTERS_MAX = 64;
    private static final int BYTES_OF_F32 = 4; // which is what matrices of adapters are computed in

    /// How the engine is sized for this model.
    ///
    /// @param plans of its adapters
    /// @throws Refusal if the model is another one than was chosen, or leaves nothing of the memory
    EngineOptions sizedFor(VerifiedArtifact artifact, List<AdapterPlan> plans, EngineOptions engine) {
        if (digest.isPresent() && !digest.get().equals(artifact.digest()))
            throw new Refusal(List.of(Refusal.line(
                    "V4.1",
                    "model.digest:sha256:" + artifact.digest(),
                    "sha256:" + digest.get(),
                    "serve the model that was approved, or approve this one by its digest")));
        if (memoryBytes.isEmpty()) return engine;
        long weights = artifact.tensorBytes();
        for (AdapterPlan plan : plans) weights += BYTES_OF_F32 * plan.parameters();
        long left = memoryBytes.getAsLong() - weights;
        if (left <= 0)
            throw new Refusal(List.of(Refusal.line(
                    "R1.1",
                    "model.memory:" + memoryBytes.getAsLong(),
                    "more than the " + weights + " bytes of the weights of the model and its adapters",
                    "raise model.memory")));
        return engine.withKvBytesMax(left);
    }
}
