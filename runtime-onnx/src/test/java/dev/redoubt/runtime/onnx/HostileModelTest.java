package dev.redoubt.runtime.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Tensor;
import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyOnnx;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Models that pass the reader and harm when they run.
class HostileModelTest {
    private static final Tensor FOUR = Tensor.of(List.of(4), 1, 2, 3, 4);

    @TempDir
    Path temp;

    private Path file(byte[] model) throws Exception {
        return Files.write(temp.resolve("model.onnx"), model);
    }

    private static Tensor longs(long... values) {
        return Tensor.written(DType.I64, List.of(values.length), data -> {
            for (int i = 0; i < values.length; i++) data.setAtIndex(ValueLayout.JAVA_LONG_UNALIGNED, i, values[i]);
        });
    }

    @Test
    void R1_3_anEndlessLoopEndsAtItsDeadlineAndTheReplicaGoesOn() throws Exception {
        try (Replica replica = new Replica(Shared.testdata("hostile/onnx/loop-endless.onnx"), 1)) {
            for (int round = 0; round < 3; round++) {
                long start = System.nanoTime();
                CompletableFuture<JsonNode> call =
                        replica.start(Replica.tree(Map.of("x", FOUR)), Duration.ofMillis(300), new Cancellation());
                assertThat(Replica.failure(call).code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isGreaterThan(Duration.ofMillis(299));
                replica.servant.healthCheck();
            }
        }
    }

    @Test
    void R5_4_aCancelledRunEndsAndGivesItsThreadBack() throws Exception {
        try (Replica replica = new Replica(Shared.testdata("hostile/onnx/loop-endless.onnx"), 1)) {
            for (int round = 0;
                    round < 3 * Replica.ONGOING_MAX;
                    round++) { // one thread: each must leave it for the next
                var cancellation = new Cancellation();
                CompletableFuture<JsonNode> call = startWhenThereIsRoom(replica, cancellation);
                cancellation.cancel();
                assertThat(Replica.failure(call).code()).isEqualTo(ErrorCode.CANCELLED);
            }
        }
    }

    /// A call has its end before its thread has: for a moment more of them can wait than there are places.
    private static CompletableFuture<JsonNode> startWhenThereIsRoom(Replica replica, Cancellation cancellation)
            throws Exception {
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (true)
            try {
                return replica.start(Replica.tree(Map.of("x", FOUR)), Duration.ofSeconds(60), cancellation);
            } catch (ServeException full) {
                if (full.code() != ErrorCode.OVERLOADED || System.nanoTime() > end) throw full;
                Thread.onSpinWait();
            }
    }

    @Test
    void closingEndsWhatRuns() throws Exception {
        CompletableFuture<JsonNode> call;
        try (Replica replica = new Replica(Shared.testdata("hostile/onnx/loop-endless.onnx"), 1)) {
            call = replica.start(Replica.tree(Map.of("x", FOUR)), Duration.ofSeconds(60), new Cancellation());
        }
        assertThat(Replica.failure(call).code()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        for (Thread thread : Thread.getAllStackTraces().keySet()) // it has ended its work, and may not be gone yet
        if (thread.getName().contains("app-Model-1-onnx"))
                assertThat(thread.join(Duration.ofSeconds(20))).isTrue();
    }

    @Test
    void R1_1_callsBeyondTheQueueAreRefusedAtOnce() throws Exception {
        try (Replica replica = new Replica(Shared.testdata("hostile/onnx/loop-endless.onnx"), 1)) {
            List<CompletableFuture<JsonNode>> calls = new ArrayList<>();
            Throwable refusal = catchThrowable(() -> {
                for (int i = 0; i < 100; i++)
                    calls.add(
                            replica.start(Replica.tree(Map.of("x", FOUR)), Duration.ofSeconds(60), new Cancellation()));
            });
            assertThat(refusal)
                    .isInstanceOfSatisfying(
                            ServeException.class,
                            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.OVERLOADED));
            assertThat(calls).hasSizeBetween(Replica.ONGOING_MAX, Replica.ONGOING_MAX + 1); // waiting; and running
            replica.servant.close();
            for (CompletableFuture<JsonNode> call : calls)
                assertThat(Replica.failure(call).code()).isEqualTo(ErrorCode.SHUTTING_DOWN);
        }
    }

    @Test
    void R4_2_aModelLargerThanItsReplicasMemoryIsRefused() throws Exception {
        Path large = file(TinyOnnx.model(graph -> graph.node("Relu", "x", "y")
                .value(TinyOnnx.INPUT, "x", TinyOnnx.FLOAT, -1)
                .value(TinyOnnx.OUTPUT, "y", TinyOnnx.FLOAT, -1)
                .message(
                        TinyOnnx.INITIALIZER,
                        tensor -> tensor.number(1, 1 << 18)
                                .number(2, TinyOnnx.FLOAT)
                                .text(8, "w")
                                .bytes(9, new byte[1 << 20]))));
        assertThat(Replica.refusal(Replica.spec(large, Replica.digest(large), 1, 2 << 20)))
                .hasMessageContainingAll("4 times", "2097152", "R4.2");
    }

    @Test
    void aLoopThatEndsIsRun() throws Exception {
        try (Replica replica = new Replica(Shared.testdata("hostile/onnx/ok-loop.onnx"), 1)) {
            JsonNode output = replica.output(Replica.tree(Map.of("x", FOUR)));
            assertThat(Tensor.of(output.required("y")).floats()).containsExactly(11, 12, 13, 14);
        }
    }

    @Test
    void R4_2_anOutputOfTerabytesIsRefusedAndTheReplicaGoesOn() throws Exception {
        Path zeros = file(TinyOnnx.model(graph -> graph.node("ConstantOfShape", "s", "y")
                .value(TinyOnnx.INPUT, "s", TinyOnnx.INT64, 2)
                .value(TinyOnnx.OUTPUT, "y", TinyOnnx.FLOAT, -1, -1)));
        try (Replica replica = new Replica(zeros, 1)) {
            // four terabytes; then just more than the arena has, which a machine could well give
            for (long size : new long[] {1 << 20, 11_600})
                assertThat(replica.failure(Replica.tree(Map.of("s", longs(size, size))))
                                .code())
                        .isEqualTo(ErrorCode.RUN_TOO_LARGE);
            // within the arena, and over what may go out
            assertThat(replica.failure(Replica.tree(Map.of("s", longs(4_100, 4_100))))
                            .code())
                    .isEqualTo(ErrorCode.OUT_OF_RANGE);
            JsonNode output = replica.output(Replica.tree(Map.of("s", longs(2, 3))));
            assertThat(Tensor.of(output.required("y")).floats()).containsExactly(0, 0, 0, 0, 0, 0);
        }
    }

    @Test
    void R4_2_whatDoesNotFitBesideAnotherRunIsRunAlone() throws Exception {
        Path sum = file(TinyOnnx.model(graph -> graph.node("ConstantOfShape", "s", "wide")
                .node("ReduceSum", "wide", "y")
                .value(TinyOnnx.INPUT, "s", TinyOnnx.INT64, 1)
                .value(TinyOnnx.OUTPUT, "y", TinyOnnx.FLOAT, 1)));
        JsonNode most = Replica.tree(Map.of("s", longs(70 << 20))); // over half of the arena
        try (Replica replica = new Replica(sum, 2)) {
            List<CompletableFuture<JsonNode>> calls = new ArrayList<>();
            for (int i = 0; i < 6; i++) calls.add(replica.start(most, Duration.ofSeconds(60), new Cancellation()));
            for (CompletableFuture<JsonNode> call : calls)
                assertThat(Tensor.of(call.get(60, TimeUnit.SECONDS).required("y"))
                                .floats())
                        .containsExactly(0);
        }
    }

    @Test
    void anOutputOfAnotherShapeThanTheFileSaysDoesNotStart() throws Exception {
        Path relu = file(TinyOnnx.model(graph -> graph.node("Relu", "x", "y")
                .value(TinyOnnx.INPUT, "x", TinyOnnx.FLOAT, 4)
                .value(TinyOnnx.OUTPUT, "y", TinyOnnx.FLOAT, 5)));
        assertThat(catchThrowable(() -> new Replica(relu, 1).close())).isInstanceOf(RuntimeRefusal.class);
    }

    @Test
    void R4_2_theCorpusModelOfTerabytesIsRefusedForWantOfAShape() throws Exception {
        Path model = Shared.testdata("hostile/onnx/output-4tib.onnx");
        assertThat(Replica.refusal(model, Replica.digest(model))).hasMessageContainingAll("'y'", "shape", "size");
    }

    @Test
    void R1_7_inputsThatDoNotGoTogetherAreTheCallers() throws Exception {
        Path gather = file(TinyOnnx.model(graph -> graph.node("Gather", "x,i", "y")
                .value(TinyOnnx.INPUT, "x", TinyOnnx.FLOAT, -1)
                .value(TinyOnnx.INPUT, "i", TinyOnnx.INT64, -1)
                .value(TinyOnnx.OUTPUT, "y", TinyOnnx.FLOAT, -1)));
        try (Replica replica = new Replica(gather, 1)) {
            assertThat(replica.failure(Replica.tree(Map.of("x", FOUR, "i", longs(77))))
                            .code())
                    .isEqualTo(ErrorCode.VALUE_REFUSED);
        }
        Path add = file(TinyOnnx.model(graph -> graph.node("Add", "a,b", "y")
                .value(TinyOnnx.INPUT, "a", TinyOnnx.FLOAT, -1)
                .value(TinyOnnx.INPUT, "b", TinyOnnx.FLOAT, -1)
                .value(TinyOnnx.OUTPUT, "y", TinyOnnx.FLOAT, -1)));
        try (Replica replica = new Replica(add, 1)) {
            assertThat(replica.failure(Replica.tree(Map.of("a", FOUR, "b", Tensor.of(List.of(3), 1, 2, 3))))
                            .code())
                    .isEqualTo(ErrorCode.VALUE_REFUSED);
        }
    }

    @Test
    void anOutputThatIsNotFiniteIsTheModelsFault() throws Exception {
        Path root = file(TinyOnnx.model(graph -> graph.node("Sqrt", "x", "y")
                .value(TinyOnnx.INPUT, "x", TinyOnnx.FLOAT, -1)
                .value(TinyOnnx.OUTPUT, "y", TinyOnnx.FLOAT, -1)));
        try (Replica replica = new Replica(root, 1)) {
            assertThat(replica.failure(Replica.tree(Map.of("x", Tensor.of(List.of(1), -1))))
                            .code())
                    .isEqualTo(ErrorCode.INTERNAL);
        }
    }

    @Test
    void typesThatNoTensorHasAreNamed() throws Exception {
        Path half = file(TinyOnnx.model(graph ->
                graph.node("Relu", "x", "y").value(TinyOnnx.INPUT, "x", 10, -1).value(TinyOnnx.OUTPUT, "y", 10, -1)));
        assertThat(Replica.refusal(half, Replica.digest(half))).hasMessageContainingAll("'x'", "FLOAT16", "Cast");
    }

    @Test
    void nothingIsReportedToTheLibrarysMaker() throws Exception {
        try (Replica replica = new Replica(Shared.testdata("hostile/onnx/ok-loop.onnx"), 1)) {
            replica.output(Replica.tree(Map.of("x", FOUR)));
            assertThat(Files.readString(Path.of("/proc/self/maps"))).contains("libonnxruntime");
            assertThat(nativeEnvironment("ORT_DISABLE_TELEMETRY")).isEqualTo("1");
        }
    }

    /// As native code sees it; the JVM keeps a copy of its start.
    private static String nativeEnvironment(String name) throws Exception {
        var linker = Linker.nativeLinker();
        try (var arena = Arena.ofConfined()) {
            var found = (MemorySegment) linker.downcallHandle(
                            linker.defaultLookup().findOrThrow("getenv"),
                            FunctionDescriptor.of(
                                    ValueLayout.ADDRESS.withTargetLayout(
                                            MemoryLayout.sequenceLayout(2, ValueLayout.JAVA_BYTE)),
                                    ValueLayout.ADDRESS))
                    .invoke(arena.allocateFrom(name));
            return found.getString(0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }
}
