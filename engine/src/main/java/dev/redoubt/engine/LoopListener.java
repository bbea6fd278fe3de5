package dev.redoubt.engine;

/// What the loop tells of requests. Called by the loop; must neither wait nor throw.
interface LoopListener {
    /// It computes its first token or ends before; told once of every request.
    void leftQueue(LiveRequest request);

    /// It has new tokens, an end or a failure to show.
    void changed(LiveRequest request);

    /// Now is the time to look at what has changed.
    void stepDone();
}
