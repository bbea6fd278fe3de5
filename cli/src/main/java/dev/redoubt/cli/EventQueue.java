package dev.redoubt.cli;

import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/// From the engine's thread to the command's: the listener never blocks, the command waits. As long as the
/// request's own `maxTokens` at most, so without a bound of its own.
final class EventQueue implements GenerationListener {
    private final BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();

    @Override
    public void onEvent(GenerationEvent event) {
        events.add(event);
    }

    /// The next event; waits for it.
    GenerationEvent next() throws InterruptedException {
        return events.take();
    }
}
