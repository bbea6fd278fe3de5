package dev.redoubt.engine.model;

import dev.redoubt.kernels.Compute;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.List;
import java.util.Set;

/// A family of models with one computation. To add one: implement this in a file of its own, list it in
/// [Models#ARCHITECTURES], and give tensors that no other architecture has their names in [TensorRole].
interface Architecture {
    /// What files of a container call it: `general.architecture`, or an entry of `architectures`.
    Set<String> names(Container container);

    /// The checked configuration.
    ///
    /// @param embeddingRows as [ModelConfig#read]
    ModelConfig config(ConfigSource source, long embeddingRows);

    /// Every tensor that an artifact of this configuration has, or may have. Anything else is refused.
    List<TensorSpec> tensors(ModelConfig config);

    /// @param weights exactly the declared tensors, each of the declared shape; owned by the model from then on
    /// @param rowsMax tokens of the largest step
    /// @param contextTokensMax positions to prepare for
    Model build(
            ModelConfig config, ModelSpec spec, Weights weights, Compute compute, int rowsMax, int contextTokensMax);
}
