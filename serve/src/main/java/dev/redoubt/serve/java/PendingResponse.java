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
import org.jspecify.annotations.Nullable;

/// The output of one call on its way back.
final class PendingResponse<O> implements DeploymentResponse<O>, ReplyListener {
    private final Binding type;
    private final Call caller;
    private final String place;
    private final Cancellation cancellation = new Cancellation();
    private final Runnable untie;
    private final CompletableFuture<Payload> payload = new CompletableFuture<>();
    private volatile @Nullable Payload first; // written by one thread at a time

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

    /// Whether it is the only one is known at the end: the first of many would pass for the whole answer.
    @Override
    public void next(Payload item) {
        if (first == null) {
            first = item;
            return;
        }
        if (payload.isDone()) return;
        failed(Faults.misused(caller.requestId(), place, "calls a StreamingHandler by call(): call it by stream()"));
        cancellation.cancel();
    }

    @Override
    public void completed() {
        untie.run();
        Payload only = first;
        if (only != null) payload.complete(only);
        else if (!payload.isDone())
            failed(Faults.seen(caller.requestId(), place, new IllegalStateException("no output")));
    }

    @Override
    public void failed(ServeException failure) {
        untie.run();
        payload.completeExceptionally(failure);
    }
}
