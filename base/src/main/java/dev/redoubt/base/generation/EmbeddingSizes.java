package dev.redoubt.base.generation;

import java.util.List;
import java.util.stream.Collectors;

/// How many numbers an embedding may have: all that the model makes, or the first of them where it was trained
/// so that these are an embedding themselves (Matryoshka representations).
///
/// @param all that it makes
/// @param any whether any number of the first will do
/// @param some numbers that will do beside all, where not any does
public record EmbeddingSizes(int all, boolean any, List<Integer> some) {
    public EmbeddingSizes {
        some = some.stream().distinct().sorted().toList();
    }

    public boolean allows(int size) {
        return size == all || some.contains(size) || any && size >= 1 && size <= all;
    }

    /// Those that are allowed, for a message.
    public String allowed() {
        if (any) return "1 to " + all;
        if (some.isEmpty()) return "" + all;
        return some.stream().filter(size -> size != all).map(Object::toString).collect(Collectors.joining(", "))
                + " and " + all;
    }
}
