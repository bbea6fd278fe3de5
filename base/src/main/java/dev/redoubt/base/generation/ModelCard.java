package dev.redoubt.base.generation;

import java.time.Instant;
import java.util.Optional;

/// What a served model is.
///
/// @param name as callers write it in `model`
/// @param digest hex SHA-256 of its manifest
/// @param contextTokensMax prompt and answer together
/// @param vocabularySize ids are 0 to that less one
/// @param chat whether it has a chat template
/// @param base of an adapter: the model that it changes; empty: it is a model by itself
public record ModelCard(
        String name,
        String digest,
        String architecture,
        String quantization,
        int contextTokensMax,
        int vocabularySize,
        boolean chat,
        Optional<String> licence,
        Instant loadedAt,
        Optional<Base> base) {
    /// What an adapter is served on.
    ///
    /// @param digest hex SHA-256 of its manifest
    public record Base(String name, String digest) {}

    /// An adapter on this model.
    ///
    /// @param adapterName as callers write it in `model`
    /// @param adapterDigest hex SHA-256 of its manifest
    public ModelCard withAdapter(String adapterName, String adapterDigest) {
        return new ModelCard(
                adapterName,
                adapterDigest,
                architecture,
                quantization,
                contextTokensMax,
                vocabularySize,
                chat,
                licence,
                loadedAt,
                Optional.of(new Base(name, digest)));
    }
}
