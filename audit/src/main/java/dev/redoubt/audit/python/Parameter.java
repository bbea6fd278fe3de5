package dev.redoubt.audit.python;

import org.jspecify.annotations.Nullable;

/// A parameter of a function.
///
/// @param star empty, `*` or `**`
/// @param type its annotation, null if it has none
/// @param value its default, null if it has none
public record Parameter(
        int start,
        String name,
        String star,
        @Nullable Expression type,
        @Nullable Expression value) {}
