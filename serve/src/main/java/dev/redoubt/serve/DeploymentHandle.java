package dev.redoubt.serve;

import dev.redoubt.base.ServeException;
import java.time.Duration;

/// Calls another deployment of the same application. Deadline, tenant, model and cancellation of
/// [Call#current] go along. Safe for any thread.
public interface DeploymentHandle<I, O> {
    /// Starts a call. What refuses it is thrown by [DeploymentResponse#get]. A [StreamingHandler] is called by
    /// [#stream]: here its second item is a failure.
    DeploymentResponse<O> call(I input);

    /// Starts a call as soon as another has its output, which becomes the input without coming here.
    DeploymentResponse<O> call(DeploymentResponse<? extends I> input);

    /// Starts a call of a [StreamingHandler].
    ResponseStream<O> stream(I input);

    /// The same deployment with less time for each call.
    DeploymentHandle<I, O> within(Duration timeout);

    /// The same deployment for one of many models, in the place of the one that the caller has named; see
    /// [Multiplexed].
    ///
    /// @throws ServeException if the id is not 1 to 63 characters of a-z, 0-9 and -
    DeploymentHandle<I, O> model(String id);
}
