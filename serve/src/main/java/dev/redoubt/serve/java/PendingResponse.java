package dev.redoubt.serve.java;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.DeploymentResponse;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.schema.Binding;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;

/// The output of one call on its way back.
final class PendingResponse<O> implements DeploymentResponse<O>, ReplyListener {
    private final Binding type;
    private final Call caller;
    private final String place;
    private final Cancellation cancellation = new Cancellation();
    private final Runnable untie;
    private final CompletableFuture<Payload> payload = new CompletableFuture<>();

    /// @param caller the call that this is part of: cancelled with it
    PendingResponse(Binding type, Call caller, String place) {
        this.type = type;
        this.caller = caller;
        this.place = place;
        this.untie = caller.cancellation().onCancel(this::drop);
    }

    Cancellation cancellation() {
        return cancellation;
    }

    CompletionStage<Payload> payload() {
        return payload;
    }

    boolean isDone() {
        return payload.isDone();
    }

    @Override
    public O get() {
        try {
            return typed(payload.get());
        } catch (ExecutionException e) {
            throw Faults.seen(caller.requestId(), place, Objects.requireNonNull(e.getCause()));
        } catch (InterruptedException over) {
            cancel();
            Thread.currentThread().interrupt();
            throw ServeException.of(ErrorCode.CANCELLED);
        }
    }

    @Override
    public CompletionStage<O> stage() {
        CompletableFuture<O> stage = new CompletableFuture<>();
        payload.whenComplete((arrived, failure) -> {
            try {
                if (failure != null) stage.completeExceptionally(failure);
                else stage.complete(typed(arrived));
            } catch (ServeException misfit) {
                stage.completeExceptionally(misfit);
            }
        });
        return stage;
    }

    @SuppressWarnings("unchecked") // the binding is of O
    private O typed(Payload arrived) {
        return (O) Received.value(arrived, type, caller.requestId(), place);
    }

    @Override
    public void cancel() {
        untie.run();
        drop();
    }

    private void drop() {
        payload.completeExceptionally(ServeException.of(ErrorCode.CANCELLED));
        cancellation.cancel();
    }

    @Override
    public void next(Payload item) {
        if (!payload.complete(item) && !cancellation.cancelled())
            throw new IllegalStateException("a second output: a StreamingHandler is called by stream()");
    }

    @Override
    public void completed() {
        untie.run();
        if (!payload.isDone()) failed(Faults.seen(caller.requestId(), place, new IllegalStateException("no output")));
    }

    @Override
    public void failed(ServeException failure) {
        untie.run();
        payload.completeExceptionally(failure);
    }
}
