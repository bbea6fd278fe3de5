package dev.redoubt.serve.replica;

import dev.redoubt.serve.Call;

/// The way from one deployment to those it has declared, and to no other.
public interface Outgoing {
    /// As [Servant#call], over the target's router: it may wait in its queue.
    void call(String target, Payload input, Call call, ReplyListener replies);
}
