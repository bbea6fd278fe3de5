package dev.redoubt.engine.model;

import dev.redoubt.base.generation.EmbeddingSizes;

/// What the rest of the engine and the command line ask for of a model that embeds texts.
///
/// @param model its context is what a text may have
/// @param blockBytes of the keys and values of a block of a batch ([Encoder#blocks])
public record EncoderSpec(ModelSpec model, Pooling pooling, EmbeddingSizes sizes, long blockBytes) {}
