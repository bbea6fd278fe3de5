package dev.redoubt.serve.route;

import dev.redoubt.serve.Call;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.Servant;

/// What a servant is asked to do once the router has chosen it.
@FunctionalInterface
public interface Work {
    /// As [Servant#call]: starts and returns soon, one end for the listener, or none and a
    /// [dev.redoubt.base.ServeException].
    void start(Servant servant, Call call, ReplyListener replies);
}
