package dev.redoubt.engine.model;

import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.Set;

/// A family of decoders: what its files are called, and what its configuration means. To add one: implement this in
/// a file of its own, list it in [Models#ARCHITECTURES], and give tensors that no other family has their names in
/// [TensorRole].
interface Architecture {
    /// What files of a container call it: `general.architecture`, or an entry of `architectures`.
    Set<String> names(Container container);

    /// The checked configuration, as what is computed.
    ///
    /// @param embeddingRows as [ModelConfig#read]
    /// @throws dev.redoubt.trust.ArtifactException if it asks for what the family does not compute
    DecoderPlan plan(ConfigSource source, long embeddingRows);
}
