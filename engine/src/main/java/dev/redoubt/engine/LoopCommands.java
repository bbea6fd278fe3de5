package dev.redoubt.engine;

/// What other threads may ask of the loop; takes effect before the next step is planned. Safe for any thread.
interface LoopCommands {
    /// A request whose prompt is tokenized.
    void submit(LiveRequest request);

    /// Ends what is left of a request as cancelled.
    void cancel(LiveRequest request);

    /// Ends a choice whose text has ended; its final events are out.
    void stopChoice(LiveRequest request, int choice);

    /// Ends a request without a word: its final event is out.
    void abandon(LiveRequest request);
}
