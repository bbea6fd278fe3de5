package dev.redoubt.gateway;

import dev.redoubt.base.generation.GenerationEvent;
import java.util.ArrayList;
import java.util.List;

/// Hands events from a model's threads to one event loop. Safe for any thread; nobody waits longer than an
/// append takes.
final class EventInbox {
    /* The loop is woken once for a batch: the first event after a take wakes it, those that follow before it comes only join
     * the batch. So a burst of tokens costs one wake-up and one write to the socket. */
    private final int eventsMax;
    private final Runnable wake;
    private List<Item> items = new ArrayList<>(); // guarded by this
    private boolean woken; // guarded by this
    private boolean overflown; // guarded by this

    /// @param prompt whose generation it is about
    /// @param atNanos when it came
    record Item(int prompt, GenerationEvent event, long atNanos) {}

    /// @param wake is called by a thread of the model's and must return at once
    EventInbox(int eventsMax, Runnable wake) {
        this.eventsMax = eventsMax;
        this.wake = wake;
    }

    void offer(Item item) {
        synchronized (this) {
            if (items.size() >= eventsMax) overflown = true;
            else items.add(item);
            if (woken) return;
            woken = true;
        }
        wake.run();
    }

    List<Item> take() {
        synchronized (this) {
            woken = false;
            List<Item> batch = items;
            items = new ArrayList<>();
            return batch;
        }
    }

    /// Whether an event had no room: the reader is too slow to be served.
    synchronized boolean overflown() {
        return overflown;
    }
}
