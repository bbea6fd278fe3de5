package dev.redoubt.gateway;

/// Events of one stream on their way to its event loop, which is woken once for all that come before it takes
/// them. Safe for any thread.
final class EventBatch {
    private StringBuilder text = new StringBuilder(); // guarded by this, as the next
    private int events;

    /// @param events how many there are in the text
    record Taken(String text, int events) {}

    /// @return whether the loop must be woken: nobody has since it took the last ones
    synchronized boolean add(String event) {
        text.append(event);
        events++;
        return events == 1;
    }

    synchronized Taken take() {
        Taken all = new Taken(text.toString(), events);
        text = new StringBuilder();
        events = 0;
        return all;
    }
}
