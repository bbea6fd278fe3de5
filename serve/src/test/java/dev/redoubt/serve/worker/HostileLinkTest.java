package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.worker.hostile.Hostile;
import java.io.BufferedReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.JsonNodeFactory;

/// Workers that break the link's rules, and servers that are killed.
class HostileLinkTest {
    private static final WorkerLimits LIMITS = WorkerLimits.DEFAULT;

    @TempDir
    Path folder;

    private @Nullable Worker worker; // the last one

    @ParameterizedTest
    @CsvSource({"wrong token, without the token", "other version, 'version 2, this is 1'"})
    void R3_1_aPeerThatIsNotTheWorkerIsNotListenedTo(String how, String reason) throws Exception {
        assertThatThrownBy(() -> start(how))
                .isInstanceOf(RuntimeRefusal.class)
                .hasMessageContaining("was killed: it broke the link's format")
                .hasMessageContaining(reason);
    }

    @ParameterizedTest
    @CsvSource({
        "garbage, a frame of 1195463234 bytes",
        "no such type, no frame is of type 99",
        "length beyond the limit, a frame of 2147483647 bytes",
        "length below the header, a frame of 1 bytes",
        "second hello, a frame of type HELLO here",
        "wrong id, 'call 2, which was not made or has ended'",
        "text longer than its frame, a count of 1000",
        "bytes after the end, 1 bytes after the end of a frame's body",
        "item without the last mark, not the last",
        "error that is not in the table, an error that is not in the table",
        "denial, an error that is not a worker's",
        "call of what is not declared, R4.1",
        "end without its item, an end without the item that a call gets",
        "call for a model with another kind of name, a model id is 1 to 63 of a-z",
    })
    void R3_1_whatBreaksTheFormatEndsTheLinkAndTheCall(String how, String reason) throws Exception {
        WorkerServant servant = start(how);
        Workers.One replies = new Workers.One();
        servant.call(text(), call(new Cancellation()), replies);
        assertThatThrownBy(() -> Workers.get(replies.answer))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        failure -> assertThat(failure.code()).isIn(ErrorCode.REPLICA_LOST, ErrorCode.INTERNAL));
        assertThatThrownBy(servant::healthCheck)
                .hasMessageContaining("was killed: it broke the link's format")
                .hasMessageContaining(reason);
        servant.close();
    }

    @Test
    void R3_1_aSecondEndOfACallEndsTheLink() throws Exception {
        WorkerServant servant = start("two ends");
        Workers.One replies = new Workers.One();
        servant.call(text(), call(new Cancellation()), replies);
        assertThat(Workers.get(replies.answer).stringValue()).isEqualTo("x");
        assertThatThrownBy(servant::healthCheck).hasMessageContaining("ended");
        servant.close();
    }

    @Test
    void aWorkerThatIsSilentIsWaitedForNoLongerThanItsCallerWaits() throws Exception {
        WorkerServant servant = start("silence");
        Workers.One replies = new Workers.One();
        Cancellation cancellation = new Cancellation();
        servant.call(text(), call(cancellation), replies);
        cancellation.cancel();
        assertThatThrownBy(() -> Workers.get(replies.answer))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.CANCELLED));
        servant.close(); // it ignores that too
        assertThatThrownBy(servant::healthCheck).hasMessageContaining("was killed: it was closed");
    }

    @Test
    void R3_1_aWorkerThatDoesNotReadItsLinkIsKilled() throws Exception {
        WorkerServant servant = start("deaf");
        Payload much = new Payload.Tree(JsonNodeFactory.instance.stringNode("x".repeat(1 << 20)));
        Workers.One replies = new Workers.One();
        servant.call(much, call(new Cancellation()), replies); // does not wait for it
        Worker deaf = Objects.requireNonNull(worker);
        while (!deaf.hasEnded()) {
            deaf.check(); // as the watch does
            Thread.onSpinWait();
        }
        assertThatThrownBy(() -> Workers.get(replies.answer))
                .isInstanceOfSatisfying(
                        ServeException.class,
                        failure -> assertThat(failure.code()).isEqualTo(ErrorCode.REPLICA_LOST));
        assertThatThrownBy(servant::healthCheck).hasMessageContaining("did not read its link");
        servant.close();
    }

    @Test
    void R4_2_aWorkerEndsWithItsServerThoughThatIsKilled() throws Exception {
        List<String> command = new ArrayList<>(TestJvm.command(ServerToKill.class));
        command.add(folder.toString());
        Process server = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader out = server.inputReader(StandardCharsets.US_ASCII)) {
            ProcessHandle worker =
                    ProcessHandle.of(Long.parseLong(out.readLine())).orElseThrow();
            assertThat(worker.isAlive()).isTrue();
            server.destroyForcibly();
            worker.onExit().get(20, TimeUnit.SECONDS);
            assertThat(worker.isAlive()).isFalse();
        } finally {
            server.destroyForcibly();
        }
    }

    private WorkerServant start(String how) throws Exception {
        try (Workers workers = new Workers(folder)) {
            DeploymentSpec spec = workers.spec(Hostile.class);
            List<String> command = new ArrayList<>(TestJvm.command(Impostor.class));
            command.add(how);
            Instructions instructions = new Instructions(
                    "a token of thirty-two characters".getBytes(StandardCharsets.US_ASCII),
                    false,
                    "shop",
                    "impostor",
                    spec,
                    folder.resolve("impostor"),
                    new Confiner.Limits(1, Workers.MEMORY, 1 << 20, 64),
                    LIMITS.frameBytesMax(),
                    LIMITS.cancelTimeout(),
                    List.of());
            WorkerLimits limits = new WorkerLimits(
                    LIMITS.frameBytesMax(),
                    LIMITS.folderBytesMax(),
                    LIMITS.folderFilesMax(),
                    LIMITS.threadsMax(),
                    LIMITS.descriptorsMax(),
                    Duration.ofSeconds(1),
                    LIMITS.cancelTimeout(),
                    Duration.ofMillis(200));
            Worker started = new Worker("impostor", command, instructions, limits, Optional.empty(), WorkerJvm.own());
            WorkerServant servant = new WorkerServant(
                    "impostor",
                    started,
                    (target, input, call, replies) -> {
                        throw new AssertionError("nobody is called here");
                    },
                    limits,
                    spec);
            worker = started;
            servant.start();
            return servant;
        }
    }

    private static Payload text() {
        return new Payload.Tree(JsonNodeFactory.instance.stringNode("hello"));
    }

    private static Call call(Cancellation cancellation) {
        return new Call("request", "shop", "", System.nanoTime() + 60_000_000_000L, Optional.empty(), cancellation);
    }
}
