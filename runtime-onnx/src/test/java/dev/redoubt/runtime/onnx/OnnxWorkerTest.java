package dev.redoubt.runtime.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Tensor;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.worker.Confinement;
import dev.redoubt.serve.worker.WorkerJvm;
import dev.redoubt.serve.worker.WorkerLimits;
import dev.redoubt.serve.worker.WorkerRuntime;
import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyOnnx;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Models in worker processes, as a server has them.
@SuppressWarnings("NullAway.Init")
class OnnxWorkerTest {
    private static final long MEMORY = 512L << 20;
    private static final Tensor FOUR = Tensor.of(List.of(4), 1, 2, 3, 4);

    @TempDir
    Path folder;

    private WorkerRuntime workers;
    private int count;

    @BeforeEach
    void setUp() throws Exception {
        workers = new WorkerRuntime(
                folder.resolve("workers"),
                WorkerLimits.DEFAULT,
                Map.of(OnnxRuntime.KIND, OnnxRuntime.workers(Replica.NATIVE)),
                WorkerJvm.own());
    }

    @AfterEach
    void tearDown() {
        workers.close();
    }

    private Replica start(Path model) throws Exception {
        DeploymentSpec spec = Replica.spec(model, Replica.digest(model), 1, MEMORY);
        return new Replica(workers.start("app", spec, "app-Model-" + ++count, Replica.NOBODY));
    }

    private Path relu() throws Exception {
        return Files.write(
                folder.resolve("relu.onnx"),
                TinyOnnx.model(graph -> graph.node("Relu", "x", "y")
                        .value(TinyOnnx.INPUT, "x", TinyOnnx.FLOAT, -1)
                        .value(TinyOnnx.OUTPUT, "y", TinyOnnx.FLOAT, -1)));
    }

    private static Tensor relu(Replica replica) throws Exception {
        return Tensor.of(replica.output(Replica.tree(Map.of("x", FOUR))).required("y"));
    }

    @Test
    void aModelComputesInAConfinedProcessAndTheServerHasNoLibrary() throws Exception {
        Path file = Shared.testdata("digits/classifier.onnx");
        assertThat(workers.describe(Replica.spec(file, Replica.digest(file), 1, MEMORY))
                        .input()
                        .toString())
                .contains("image");
        Replica replica = start(file);
        JsonNode output = replica.output(Replica.tree(Map.of("image", Tensor.of(List.of(1, 1, 8, 8), new float[64]))));
        assertThat(Tensor.of(output.required("logits")).shape()).containsExactly(1, 10);
        Confinement confined = workers.confinements().values().iterator().next();
        assertThat(confined.network()).contains("none");
        assertThat(confined.files()).contains("Landlock");
        assertThat(confined.memory()).containsAnyOf("RLIMIT_DATA", "cgroup");
        replica.servant.healthCheck();
        replica.close();
    }

    @Test
    void R1_3_anEndlessLoopEndsAtItsDeadlineAndTheReplicaGoesOn() throws Exception {
        Replica loops = start(Shared.testdata("hostile/onnx/loop-endless.onnx"));
        for (int round = 0; round < 2; round++) {
            CompletableFuture<JsonNode> call =
                    loops.start(Replica.tree(Map.of("x", FOUR)), Duration.ofMillis(300), new Cancellation());
            assertThat(Replica.failure(call).code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
        }
        loops.servant.healthCheck();
    }

    /// The places of all elements that are not zero are collected outside of the arena, eight bytes for each.
    @Test
    void R4_2_aHogOutsideOfTheArenaGetsAnErrorOrDiesAlone() throws Exception {
        Path hog = Files.write(
                folder.resolve("hog.onnx"),
                TinyOnnx.model(graph -> graph.node("Expand", "x,s", "wide")
                        .node("NonZero", "wide", "places")
                        .node("Shape", "places", "y")
                        .value(TinyOnnx.INPUT, "x", TinyOnnx.FLOAT, 1)
                        .value(TinyOnnx.INPUT, "s", TinyOnnx.INT64, 1)
                        .value(TinyOnnx.OUTPUT, "y", TinyOnnx.INT64, 2)));
        Replica hogs = start(hog);
        Replica works = start(relu());
        Tensor one = Tensor.of(List.of(1), 1);
        for (long size : new long[] {30 << 20, 1L << 40})
            assertThat(hogs.failure(Replica.tree(Map.of("x", one, "s", longs(size))))
                            .code())
                    .isIn(ErrorCode.RUN_TOO_LARGE, ErrorCode.INTERNAL, ErrorCode.REPLICA_LOST);
        assertThat(relu(works)).isEqualTo(FOUR);
    }

    private static Tensor longs(long value) {
        return Tensor.written(DType.I64, List.of(1), data -> data.set(ValueLayout.JAVA_LONG_UNALIGNED, 0, value));
    }

    @Test
    void R4_2_aNativeCrashEndsItsOwnReplica() throws Exception {
        Replica crashes = start(Shared.testdata("hostile/onnx/loop-endless.onnx"));
        long process = ProcessHandle.current()
                .children()
                .mapToLong(ProcessHandle::pid)
                .max()
                .orElseThrow();
        Replica works = start(relu());
        CompletableFuture<JsonNode> call =
                crashes.start(Replica.tree(Map.of("x", FOUR)), Duration.ofSeconds(60), new Cancellation());
        assertThat(new ProcessBuilder("kill", "-SEGV", Long.toString(process))
                        .start()
                        .waitFor())
                .isZero();
        assertThat(Replica.failure(call).code()).isEqualTo(ErrorCode.REPLICA_LOST); // nobody knows how far it came
        assertThat(catchThrowable(() -> crashes.servant.healthCheck())).hasMessageContaining("native code crashes");
        assertThat(relu(works)).isEqualTo(FOUR);
    }

    @Test
    void R4_2_aWorkerHasAtLeastWhatItsProcessNeeds() throws Exception {
        Path model = relu();
        assertThat(catchThrowable(() -> workers.describe(Replica.spec(model, Replica.digest(model), 1, 192L << 20))))
                .hasMessageContainingAll("201326592", "268435456");
    }

    @Test
    void V4_2_anotherDigestIsNotStarted() throws Exception {
        Path model = relu();
        assertThat(catchThrowable(() -> workers.describe(Replica.spec(model, "sha256:" + "0".repeat(64), 1, MEMORY))))
                .hasMessageContainingAll("relu.onnx", "digest", "(V4.2)");
    }
}
