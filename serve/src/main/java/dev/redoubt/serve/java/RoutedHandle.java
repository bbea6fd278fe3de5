package dev.redoubt.serve.java;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.DeploymentResponse;
import dev.redoubt.serve.ResponseStream;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.schema.Binding;
import dev.redoubt.serve.schema.BrokenValue;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/// A handle over an [Outgoing]. What it is given goes out as the object it is, and comes in as the object it
/// is, where the other end has the same type.
final class RoutedHandle<I, O> implements DeploymentHandle<I, O> {
    private static final Pattern MODEL_ID = Pattern.compile("[a-z0-9-]{1,63}");

    /// What is the same for all handles to a deployment from one place.
    ///
    /// @param place application and deployment that calls, for the log
    /// @param caller the call that a call is part of
    record Route(HandlerClass.Edge edge, Outgoing outgoing, TimeSource clock, String place, Supplier<Call> caller) {}

    private final Route route;
    private final Optional<Duration> timeout;
    private final Optional<String> modelId;

    private RoutedHandle(Route route, Optional<Duration> timeout, Optional<String> modelId) {
        this.route = route;
        this.timeout = timeout;
        this.modelId = modelId;
    }

    /// The types are those of the edge.
    static <I, O> RoutedHandle<I, O> of(Route route) {
        return new RoutedHandle<>(route, Optional.empty(), Optional.empty());
    }

    @Override
    public DeploymentHandle<I, O> within(Duration atMost) {
        return new RoutedHandle<>(route, Optional.of(atMost), modelId);
    }

    @Override
    public DeploymentHandle<I, O> model(String id) {
        if (!MODEL_ID.matcher(id).matches())
            throw ServeException.ofField(
                    ErrorCode.WRONG_TYPE, "model", "model", "1 to 63 characters of a-z, 0-9 and -");
        return new RoutedHandle<>(route, timeout, Optional.of(id));
    }

    @Override
    public DeploymentResponse<O> call(I input) {
        Call caller = route.caller.get();
        var response = new PendingResponse<O>(output(), caller, route.place);
        try {
            send(payload(input), part(caller, response.cancellation()), response);
        } catch (ServeException refused) {
            response.failed(refused);
        } catch (RuntimeException fault) {
            response.failed(Faults.seen(caller.requestId(), route.place, fault));
        }
        return response;
    }

    @Override
    public DeploymentResponse<O> call(DeploymentResponse<? extends I> input) {
        Call caller = route.caller.get();
        var response = new PendingResponse<O>(output(), caller, route.place);
        Call part = part(caller, response.cancellation());
        output(input).whenComplete((payload, fault) -> {
            try {
                if (fault != null) throw fault instanceof CompletionException wrapped ? wrapped.getCause() : fault;
                if (!response.isDone()) send(payload, part, response);
            } catch (Throwable failure) {
                response.failed(Faults.seen(caller.requestId(), route.place, failure));
            }
        });
        return response;
    }

    @Override
    public ResponseStream<O> stream(I input) {
        Call caller = route.caller.get();
        var items = new ItemStream<O>(output(), caller, route.place);
        try {
            Payload payload = payload(input);
            Call part = part(caller, items.cancellation());
            refuseIfOver(part);
            route.outgoing.call(route.edge.target(), payload, part, items);
        } catch (ServeException refused) {
            items.failed(refused);
        } catch (RuntimeException fault) {
            items.failed(Faults.seen(caller.requestId(), route.place, fault));
        }
        return items;
    }

    private Binding output() {
        return route.edge.output();
    }

    /// Its own, as it came: whoever takes it need not know what it was here.
    private CompletionStage<Payload> output(DeploymentResponse<? extends I> upstream) {
        if (upstream instanceof PendingResponse<? extends I> pending) return pending.payload();
        return upstream.stage().thenApply(this::payload);
    }

    /// @throws BrokenValue if it breaks the schema: the fault of who calls, not of who called that
    private Payload payload(I input) {
        route.edge.input().verify(input);
        return new Payload.Typed(input, route.edge.input());
    }

    private void send(Payload payload, Call part, PendingResponse<O> response) {
        refuseIfOver(part);
        route.outgoing.call(route.edge.target(), payload, part, response);
    }

    private void refuseIfOver(Call part) {
        if (part.cancellation().cancelled()) throw ServeException.of(ErrorCode.CANCELLED);
        if (part.deadlineNanos() - route.clock.nanos() <= 0) throw Deadlines.exceeded(timeout.orElse(Duration.ZERO));
    }

    /// The call that goes out: the same tenant and request, no more time, for the same model unless another is said
    /// here.
    private Call part(Call caller, Cancellation cancellation) {
        Call part = new Call(
                caller.requestId(),
                caller.application(),
                caller.keyId(),
                caller.deadlineNanos(),
                modelId.or(caller::modelId),
                cancellation);
        return timeout.isEmpty()
                ? part
                : part.until(route.clock.nanos() + timeout.get().toNanos());
    }
}
