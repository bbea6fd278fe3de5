package dev.redoubt.base.generation;

/// Hears what a generation produces. Called from one thread at a time, in order; must return at once and must
/// not throw. The last event is the [GenerationEvent.Completed] or [GenerationEvent.Failed], exactly one of
/// them.
@FunctionalInterface
public interface GenerationListener {
    void onEvent(GenerationEvent event);
}
