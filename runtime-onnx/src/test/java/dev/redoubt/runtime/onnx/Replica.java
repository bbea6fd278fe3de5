package dev.redoubt.runtime.onnx;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.model.ModelReplica;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.schema.Tensor;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import dev.redoubt.trust.OnnxArtifact;
import dev.redoubt.trust.OnnxFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// One replica of a model file, in this process or in a worker's, and calls of it.
final class Replica implements AutoCloseable {
    static final long MEMORY_BYTES_MAX = 512L << 20; // one limit for all tests: there is one library in a process
    static final int ONGOING_MAX = 16;
    static final Outgoing NOBODY = (target, input, call, replies) -> {
        throw new AssertionError("a model calls nobody");
    };
    /// Unpacked once for all tests.
    static final Path NATIVE = Path.of("target", "native").toAbsolutePath();

    private static final TimeSource CLOCK = TimeSource.system();
    private static final OnnxEngine ENGINE = engine();

    final Servant servant;

    /// In this process.
    Replica(Path model, double cpus) throws Exception {
        try (OnnxFile file = OnnxFile.read(model)) {
            OnnxArtifact artifact = file.verify(digest(model));
            Interface types = OnnxTypes.describe(artifact.model());
            servant = new ModelReplica(
                            OnnxRuntime.KIND,
                            types,
                            (place, threads) -> ENGINE.load(artifact, place, types, threads),
                            CLOCK,
                            Duration.ofSeconds(10))
                    .start("app", spec(model, digest(model), cpus), "app-Model-1", NOBODY);
        }
    }

    Replica(Servant servant) {
        this.servant = servant;
    }

    private static OnnxEngine engine() {
        try {
            String folder = OnnxLibrary.unpacked(NATIVE).path().toString();
            System.setProperty(OnnxLibrary.FOLDER_PROPERTY, folder);
            return OnnxEngine.start(MEMORY_BYTES_MAX);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String digest(Path model) throws Exception {
        return "sha256:"
                + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(model)));
    }

    static DeploymentSpec spec(Path model, String digest, double cpus) {
        return spec(model, digest, cpus, 1 << 30);
    }

    static DeploymentSpec spec(Path model, String digest, double cpus, long memoryBytes) {
        return new DeploymentSpec(
                "Model",
                new OnnxRuntime.Settings(model, digest).spec(),
                Isolation.PROCESS,
                Resources.of(cpus, memoryBytes),
                ONGOING_MAX,
                100,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                new Timeouts(Duration.ofSeconds(30), Duration.ofSeconds(60), Duration.ofSeconds(20)),
                DeploymentSpec.NO_USER_CONFIG);
    }

    static JsonNode tree(Map<String, Tensor> tensors) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        tensors.forEach((name, tensor) -> node.set(name, tensor.node()));
        return node;
    }

    /// Starts a call.
    CompletableFuture<JsonNode> start(JsonNode input, Duration deadline, Cancellation cancellation) {
        var end = new CompletableFuture<JsonNode>();
        var call = new Call("req-1", "app", "key", CLOCK.nanos() + deadline.toNanos(), Optional.empty(), cancellation);
        servant.call(new Payload.Tree(input), call, new ReplyListener() {
            private JsonNode item = JsonNodeFactory.instance.nullNode();

            @Override
            public void next(Payload output) {
                item = output.tree();
            }

            @Override
            public void completed() {
                end.complete(item);
            }

            @Override
            public void failed(ServeException failure) {
                end.completeExceptionally(failure);
            }
        });
        return end;
    }

    JsonNode output(JsonNode input) throws Exception {
        return start(input, Duration.ofSeconds(60), new Cancellation()).get(90, TimeUnit.SECONDS);
    }

    static ServeException failure(CompletableFuture<JsonNode> call) throws Exception {
        try {
            throw new AssertionError("no failure but " + call.get(30, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
            return (ServeException) Objects.requireNonNull(e.getCause());
        }
    }

    ServeException failure(JsonNode input) throws Exception {
        return failure(start(input, Duration.ofSeconds(60), new Cancellation()));
    }

    @Override
    public void close() {
        servant.close();
    }

    /// Why a worker would not open or take the file.
    static RuntimeRefusal refusal(DeploymentSpec spec) throws IOException {
        try {
            ServantFactory ignored = new OnnxWorker().open(spec, NATIVE).runtime(Duration.ofSeconds(10));
        } catch (RuntimeRefusal refusal) {
            return refusal;
        }
        throw new AssertionError("no refusal of " + spec);
    }

    static RuntimeRefusal refusal(Path model, String digest) throws IOException {
        return refusal(spec(model, digest, 1));
    }
}
