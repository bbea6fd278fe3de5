package dev.redoubt.runtime.torch;

import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.Tensor;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import dev.redoubt.serve.worker.WorkerJvm;
import dev.redoubt.serve.worker.WorkerLimits;
import dev.redoubt.serve.worker.WorkerRuntime;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Real workers with PyTorch in them, and calls of them.
final class Workers implements AutoCloseable {
    static final long MEMORY = 1L << 30;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Path NATIVE = Path.of("target", "native").toAbsolutePath(); // unpacked once for all tests

    private final WorkerRuntime runtime;
    private final AtomicInteger count = new AtomicInteger();

    Workers(Path folder) throws IOException {
        this(folder, WorkerLimits.DEFAULT);
    }

    Workers(Path folder, WorkerLimits limits) throws IOException {
        Path jars = Path.of(System.getProperty("redoubt.torch", ""));
        runtime = new WorkerRuntime(
                folder.resolve("workers"),
                limits,
                Map.of(TorchRuntime.KIND, () -> TorchRuntime.workers(jars, NATIVE)),
                WorkerJvm.own());
    }

    WorkerRuntime runtime() {
        return runtime;
    }

    static Schema.Fields tensor(String name, Integer... shape) {
        return new Schema.Fields(List.of(new Schema.Field(name, new Schema.Box(DType.F32, List.of(shape)), true)));
    }

    static DeploymentSpec spec(Signed signed, Schema.Fields inputs, Schema.Fields outputs) {
        return new DeploymentSpec(
                "Model",
                new TorchRuntime.Settings(
                                signed.model(), signed.digest(), signed.signature(), signed.signer(), inputs, outputs)
                        .spec(),
                Isolation.PROCESS,
                Resources.of(1, MEMORY),
                8,
                100,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                new Timeouts(Duration.ofSeconds(30), PATIENCE, Duration.ofSeconds(20)),
                DeploymentSpec.NO_USER_CONFIG);
    }

    /// A model of one vector.
    static DeploymentSpec spec(Signed signed) {
        return spec(signed, tensor("x", -1), tensor("y", -1));
    }

    Servant start(DeploymentSpec spec) throws RuntimeRefusal {
        return runtime.start("shop", spec, "shop-Model-" + count.incrementAndGet(), (target, input, call, replies) -> {
            throw new AssertionError("a model calls nobody");
        });
    }

    RuntimeRefusal refusal(Signed signed) {
        try {
            start(spec(signed)).close();
        } catch (RuntimeRefusal refusal) {
            return refusal;
        }
        throw new AssertionError("no refusal of " + signed);
    }

    static CompletableFuture<JsonNode> begin(Servant servant, String name, Tensor tensor, Duration deadline) {
        var replies = new One();
        var call = new Call(
                "request", "shop", "key", System.nanoTime() + deadline.toNanos(), Optional.empty(), new Cancellation());
        servant.call(input(name, tensor), call, replies);
        return replies.answer;
    }

    static Payload input(String name, Tensor tensor) {
        ObjectNode input = JsonNodeFactory.instance.objectNode();
        input.set(name, tensor.node());
        return new Payload.Tree(input);
    }

    /// The one item of a call.
    static final class One implements ReplyListener {
        final CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        private JsonNode item = JsonNodeFactory.instance.nullNode();

        @Override
        public void next(Payload output) {
            item = output.tree();
        }

        @Override
        public void completed() {
            answer.complete(item);
        }

        @Override
        public void failed(ServeException failure) {
            answer.completeExceptionally(failure);
        }
    }

    static Tensor ask(Servant servant, String name, Tensor tensor, String output) throws Exception {
        JsonNode answer = begin(servant, name, tensor, PATIENCE).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        return Tensor.of(answer.required(output));
    }

    static ServeException failure(CompletableFuture<JsonNode> call) throws Exception {
        try {
            throw new AssertionError("no failure but " + call.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ServeException failure) return failure;
            throw e;
        }
    }

    @Override
    public void close() {
        runtime.close();
    }
}
