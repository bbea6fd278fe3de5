package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.trust.VerifiedArtifact;

/// From a verified artifact to a model: finds the architecture, checks that the tensors are the expected ones, then loads.
public final class Models {
    private Models() {}

    /// What the artifact says it is, without taking memory for weights.
    ///
    /// @throws dev.redoubt.trust.ArtifactException if the configuration or the tensors are not what the architecture expects
    public static ModelSpec describe(VerifiedArtifact artifact) {
        throw new UnsupportedOperationException("model: describe");
    }

    /// Loads the weights.
    ///
    /// @param compute the kernels it will run on; outlives the model
    /// @param rowsMax tokens of the largest step
    /// @param contextTokensMax positions to prepare for
    /// @throws dev.redoubt.trust.ArtifactException as [#describe]
    public static Model load(VerifiedArtifact artifact, Compute compute, int rowsMax, int contextTokensMax) {
        throw new UnsupportedOperationException("model: load");
    }
}
