package dev.redoubt.serve.control;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.LanguageServant;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.route.Router;
import dev.redoubt.serve.route.Work;
import java.util.Optional;

/// One generation on its way through a router: a call to the router, a listener to the model, and the listener's only
/// source of events.
final class RoutedGeneration implements Work, ReplyListener, Generation {
    /* Ends come from the model, as its last event, and from the router, which ends calls that wait too long, whose replica is
     * lost or that nobody takes. The first one is told; `told` is guarded by this, as is every call of the listener, which must
     * return at once: so events come one at a time and none after the end. */
    private static final Usage NO_USAGE = new Usage(0, 0, 0, 0, 0, 0);

    private final long id;
    private final GenerationRequest request;
    private final GenerationListener listener;
    private final Cancellation cancellation = new Cancellation();
    private boolean told;

    RoutedGeneration(long id, GenerationRequest request, GenerationListener listener) {
        this.id = id;
        this.request = request;
        this.listener = listener;
    }

    /// As routers and replicas know it.
    Call call() {
        return new Call(
                "generation-" + id,
                request.caller().tenant(),
                request.caller().principal(),
                request.deadlineNanos(),
                Optional.empty(),
                cancellation);
    }

    @Override
    public long id() {
        return id;
    }

    @Override
    public void cancel() {
        cancellation.cancel();
    }

    @Override
    public void start(Servant servant, Call call, ReplyListener replies) {
        Generation running = ((LanguageServant) servant).model().generate(request, event -> happened(event, replies));
        Runnable ignored = call.cancellation().onCancel(running::cancel); // ends with the call's own life
    }

    private void happened(GenerationEvent event, ReplyListener replies) {
        tell(seen(event));
        switch (event) {
            case GenerationEvent.Completed over -> replies.completed();
            case GenerationEvent.Failed(ServeException error, Usage usage) -> replies.failed(error);
            case GenerationEvent.Started begun -> {}
            case GenerationEvent.Delta more -> {}
            case GenerationEvent.Finished one -> {}
        }
    }

    /// What a model ends that nobody has cancelled it ends because its replica goes.
    private GenerationEvent seen(GenerationEvent event) {
        return switch (event) {
            case GenerationEvent.Failed(ServeException error, Usage usage) ->
                new GenerationEvent.Failed(Router.told(error), usage);
            case GenerationEvent.Finished one
            when one.reason() == FinishReason.CANCELLED && !cancellation.cancelled() ->
                new GenerationEvent.Failed(ServeException.of(ErrorCode.REPLICA_LOST), NO_USAGE);
            case GenerationEvent.Finished one -> one;
            case GenerationEvent.Completed over -> over;
            case GenerationEvent.Started begun -> begun;
            case GenerationEvent.Delta more -> more;
        };
    }

    private synchronized void tell(GenerationEvent event) {
        if (told) return;
        told = event instanceof GenerationEvent.Completed || event instanceof GenerationEvent.Failed;
        listener.onEvent(event);
    }

    @Override
    public void next(Payload item) {
        throw new IllegalStateException("a generation has events, and no items");
    }

    /// The model has told its last event already.
    @Override
    public void completed() {}

    @Override
    public void failed(ServeException failure) {
        tell(new GenerationEvent.Failed(failure, NO_USAGE));
    }
}
