package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.Turn;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.worker.hostile.Asking;
import dev.redoubt.serve.worker.hostile.Counting;
import dev.redoubt.serve.worker.hostile.Hostile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Deployments that mean well, in processes of their own.
class WorkerTest {
    @TempDir
    Path folder;

    private Workers workers;

    @BeforeEach
    void open() throws Exception {
        workers = new Workers(folder);
    }

    @AfterEach
    void close() {
        workers.close();
    }

    @Test
    void anAnswerComesFromAProcessOfItsOwn() throws Exception {
        Servant servant = workers.start(Hostile.class);
        assertThat(workers.ask(servant, "echo", "Grüße")).isEqualTo("Grüße");
        servant.healthCheck();
        servant.close();
        assertThat(folder.resolve("workers")).isEmptyDirectory();
        assertThatThrownBy(servant::healthCheck).hasMessageContaining("ended with exit code 0");
    }

    @Test
    void R1_4_anInputThatNoFrameHoldsIsRefusedAndSaysHowManyBytesOneHolds() throws Exception {
        Servant servant = workers.start(Hostile.class);
        assertThatThrownBy(() -> workers.ask(servant, "echo", "x".repeat(17 << 20)))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INPUT_TOO_LARGE))
                .hasMessageContaining("'memory'");
        assertThat(workers.ask(servant, "echo", "one")).isEqualTo("one");
        servant.close();
    }

    @Test
    void ofAProcessThatIsKilledTheCallsThatItWasNotSentHaveNotBegun() throws Exception {
        Set<ProcessHandle> before = ProcessHandle.current().children().collect(Collectors.toSet());
        Servant servant = workers.start(Hostile.class);
        ProcessHandle process = ProcessHandle.current()
                .children()
                .filter(child -> !before.contains(child))
                .findFirst()
                .orElseThrow();
        CompletableFuture<JsonNode> begun = workers.begin(servant, "loop", "", workers.call());
        servant.healthCheck(); // what was sent before has gone out
        CompletableFuture<String> end = new CompletableFuture<>();
        Turn.during(() -> {
            servant.call(Workers.deed("echo", "one"), workers.call(), new Ending(end));
            assertThat(process.destroyForcibly()).isTrue();
            assertThat(end.get(60, TimeUnit.SECONDS)).isEqualTo("not begun");
        });
        assertThatThrownBy(() -> Workers.get(begun))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.REPLICA_LOST));
        servant.close();
    }

    /// Which of the ends it is told.
    private record Ending(CompletableFuture<String> end) implements ReplyListener {
        @Override
        public void next(Payload item) {}

        @Override
        public void completed() {
            end.complete("completed");
        }

        @Override
        public void failed(ServeException failure) {
            end.complete("failed");
        }

        @Override
        public void notBegun(ServeException failure) {
            end.complete("not begun");
        }
    }

    @Test
    void itsFolderIsRemovedWhereItsRecordingCannotBeKept() throws Exception {
        Path absent = folder.resolve("absent").resolve("archive");
        try (Workers recording = new Workers(
                folder.resolve("recording"),
                WorkerLimits.DEFAULT,
                WorkerJvm.own().recordingFor(absent))) {
            Servant servant = recording.start(recording.spec(Hostile.class));
            assertThat(recording.ask(servant, "echo", "one")).isEqualTo("one");
            servant.close();
            assertThat(folder.resolve("recording/workers")).isEmptyDirectory();
        }
        assertThat(absent.getParent()).doesNotExist();
    }

    @Test
    void itIsDescribedWithoutItsClassesInThisProcess() throws Exception {
        Interface described = workers.runtime().describe(workers.spec(Asking.class));
        Schema text = new Schema.Fields(List.of(new Schema.Field("text", new Schema.Text(), true)));
        assertThat(described)
                .isEqualTo(new Interface(text, text, false, List.of(new Interface.Edge("Other", text, text))));
    }

    @Test
    void R5_3_ofWhatAHandlerThrowsOnlyTheCodeCrossesTheLink() throws Exception {
        Servant servant = workers.start(Hostile.class);
        assertThatThrownBy(() -> workers.ask(servant, "fail", "prompt"))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.INTERNAL))
                .hasMessage("internal error");
    }

    @Test
    void itemsOfAStreamComeInOrderAndWaitForASlowReader() throws Exception {
        Servant servant = workers.start(Counting.class);
        List<Integer> numbers = new ArrayList<>();
        CountDownLatch read = new CountDownLatch(1);
        CompletableFuture<Void> end = new CompletableFuture<>();
        int many = 100_000; // more than the window holds
        servant.call(
                new Payload.Tree(JsonNodeFactory.instance.objectNode().put("end", many)),
                workers.call(),
                new ReplyListener() {
                    @Override
                    public void next(Payload item) {
                        try {
                            boolean ignored = read.await(10, TimeUnit.SECONDS);
                        } catch (InterruptedException e) {
                            throw new AssertionError(e);
                        }
                        numbers.add(item.tree().get("value").intValue());
                    }

                    @Override
                    public void completed() {
                        end.complete(null);
                    }

                    @Override
                    public void failed(ServeException failure) {
                        end.completeExceptionally(failure);
                    }
                });
        servant.healthCheck(); // the link is free though one reader is not
        read.countDown();
        end.get(60, TimeUnit.SECONDS);
        assertThat(numbers).hasSize(many).isSorted().endsWith(many - 1);
    }

    @Test
    void R5_4_aCallThatIsCancelledEndsAtOnceThoughItsHandlerDoesNot() throws Exception {
        Servant servant = workers.start(Hostile.class);
        Cancellation cancellation = new Cancellation();
        CompletableFuture<JsonNode> answer = workers.begin(servant, "loop", "", workers.call(cancellation));
        cancellation.cancel();
        assertThatThrownBy(() -> Workers.get(answer))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.CANCELLED));
        assertThat(workers.ask(servant, "echo", "still here")).isEqualTo("still here");
        servant.close(); // in bounded time
        assertThatThrownBy(servant::healthCheck).hasMessageContaining("the worker process");
    }

    @Test
    void R4_1_aCallToAnotherDeploymentIsMadeForWhoeverTheServerKnows() throws Exception {
        List<Call> seen = new ArrayList<>();
        Servant servant = workers.start(workers.spec(Asking.class), (target, input, call, replies) -> {
            seen.add(call);
            replies.next(new Payload.Tree(JsonNodeFactory.instance
                    .objectNode()
                    .put("text", target + " says " + input.tree().get("text").stringValue())));
            replies.completed();
        });
        Workers.One replies = new Workers.One();
        Call call = workers.call();
        servant.call(new Payload.Tree(JsonNodeFactory.instance.objectNode().put("text", "hello")), call, replies);
        assertThat(Workers.get(replies.answer).get("text").stringValue()).isEqualTo("Other says hello");
        assertThat(seen).hasSize(1);
        assertThat(seen.getFirst().keyId()).isEqualTo(call.keyId());
        assertThat(seen.getFirst().requestId()).isEqualTo(call.requestId());
        assertThat(seen.getFirst().application()).isEqualTo("shop");
    }

    @Test
    void aConfigurationThatIsRefusedIsSaidAndTheReplicaGoesOn() throws Exception {
        Servant servant = workers.start(Hostile.class); // it takes none
        assertThatThrownBy(() -> servant.reconfigure(
                        JsonNodeFactory.instance.objectNode().put("a", 1)))
                .hasMessageContaining("the worker says no");
        assertThat(workers.ask(servant, "echo", "on")).isEqualTo("on");
        servant.close();
    }

    @Test
    void R1_6_aJarWithAnotherDigestIsNotLoaded() throws Exception {
        String other = "0".repeat(64);
        assertThatThrownBy(() -> workers.start(workers.spec(Hostile.class, other, Workers.MEMORY)))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining("has the digest " + Workers.sha256(workers.jar()) + ", allowed is " + other);
    }

    @Test
    void whatIsNoRegularFileIsNoJarAndNobodyWaitsForIt() throws Exception {
        Path pipe = workers.jar().resolveSibling("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();
        for (String path : List.of(pipe.toString(), "/tmp", "/nowhere/x.jar", "a\0b")) {
            DeploymentSpec meant = workers.spec(Hostile.class);
            Map<String, String> settings = new TreeMap<>(meant.runtime().settings());
            settings.put("jar", path);
            assertThatThrownBy(() -> JarCopy.check(new RuntimeSpec("java", settings)))
                    .as(path)
                    .isInstanceOf(RuntimeRefusal.class)
                    .hasMessageContaining("jar");
        }
    }

    @Test
    void aCopyThatCannotBeWrittenIsNotTheJarsFault() throws Exception {
        Path nowhere = workers.jar().resolveSibling("no-such-folder");
        assertThatThrownBy(() -> JarCopy.of(workers.spec(Hostile.class).runtime(), nowhere))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining("cannot be copied to " + nowhere)
                .hasMessageContaining("make room on that disk");
    }

    @Test
    void whoeverAsksIsToldHowItEndedByItself() throws Exception {
        Servant servant = workers.start(Hostile.class);
        CompletableFuture<String> told = new CompletableFuture<>();
        servant.whenLost(told::complete);
        assertThatThrownBy(() -> workers.ask(servant, "exit", "")).isInstanceOf(ServeException.class);
        assertThat(told.get(30, TimeUnit.SECONDS)).startsWith("the worker process ended with exit code");
        CompletableFuture<String> late = new CompletableFuture<>();
        servant.whenLost(late::complete);
        assertThat(late).isCompletedWithValue(told.join());
        servant.close();
        Servant closed = workers.start(Hostile.class);
        closed.whenLost(how -> late.obtrudeValue("told of a close"));
        closed.close();
        assertThat(late.join()).isEqualTo(told.join());
    }

    @Test
    void aClassThatIsNotThereIsRefusedByName() {
        assertThatThrownBy(() -> workers.start(String.class))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining("java.lang.String");
    }

    @Test
    void tooLittleMemoryForAJvmIsRefusedByNumber() {
        assertThatThrownBy(() -> workers.start(workers.spec(Hostile.class, "", 64L << 20)))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessage("a worker process with a memory of 67108864 bytes, limit is at least 134217728: "
                        + "give the deployment more");
    }

    @Test
    void aCallOfAReplicaThatHasEndedIsOneThatNeverStarted() throws Exception {
        Servant servant = workers.start(Hostile.class);
        servant.close();
        assertThatThrownBy(() -> workers.ask(servant, "echo", ""))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.REPLICA_LOST));
    }
}
