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
public record ModelCard(
        String name,
        String digest,
        String architecture,
        String quantization,
        int contextTokensMax,
        int vocabularySize,
        boolean chat,
        Optional<String> licence,
        Instant loadedAt) {}
