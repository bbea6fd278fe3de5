package dev.redoubt.serve;

import dev.redoubt.base.ServeException;
import java.util.concurrent.CompletionStage;

/// An output that may still be on its way. Safe for any thread.
public interface DeploymentResponse<O> {
    /// Waits for it.
    ///
    /// @throws ServeException if the call failed, was refused or cancelled, or its time is over
    O get();

    /// The same without waiting; fails with a [ServeException].
    CompletionStage<O> stage();

    /// The output is not wanted any more.
    void cancel();
}
