package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LinkThreadsTest {
    private static final int LONG = 1_000_000; // ids of calls that wait
    private static final int NOT_PLAIN = 2_000_000;

    private record Answer(int id, String thread) {}

    @TempDir
    Path folder;

    private final LinkThreads threads =
            new LinkThreads(new ShortCalls(TimeUnit.SECONDS.toNanos(1))); // on a slow machine too
    private volatile CountDownLatch release = new CountDownLatch(1);
    private final CountDownLatch ended = new CountDownLatch(1);
    private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
    private Frames near; // the worker's
    private Frames far;

    @BeforeEach
    void connect() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("link"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            near = new Frames(SocketChannel.open(address), 1 << 16);
            far = new Frames(server.accept(), 1 << 16);
        }
        Thread.ofPlatform().daemon().start(() -> threads.readAll(near, this::called, how -> ended.countDown()));
        Thread.ofPlatform().daemon().start(() -> {
            try {
                far.readAll((type, id, body) -> answers.add(new Answer(id, body.text(100))));
            } catch (IOException over) {
                return;
            }
        });
    }

    @AfterEach
    void disconnect() throws InterruptedException {
        release.countDown();
        far.close();
        assertThat(ended.await(10, TimeUnit.SECONDS))
                .as("told how the link ended")
                .isTrue();
        near.close();
    }

    private void called(FrameType type, int id, FrameReader body) {
        threads.start("own", id < NOT_PLAIN, () -> answer(id));
    }

    private void answer(int id) {
        try {
            if (id / LONG == 1) release.await();
            near.sendAtEndOfTurn(
                    near.writer(FrameType.DONE, id).text(Thread.currentThread().getName()));
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /// Together, so that whoever reads has all of them at hand.
    private void call(int... ids) throws IOException {
        for (int id : ids) {
            long ignored = far.outbox().add(far.writer(FrameType.HEALTH, id));
        }
        far.outbox().flush();
    }

    private Answer answer() throws InterruptedException {
        Answer answer = answers.poll(10, TimeUnit.SECONDS);
        assertThat(answer).as("an answer within 10 s").isNotNull();
        return java.util.Objects.requireNonNull(answer);
    }

    /// Until short calls are run by whoever reads.
    private void warmUp() throws Exception {
        for (int i = 1; i < 100_000; i++) {
            call(i);
            if (answer().thread().equals("link")) return;
        }
        throw new AssertionError("short calls always have threads of their own");
    }

    @Test
    void shortCallsAreRunByWhoeverReadsTheLink() throws Exception {
        call(1);
        assertThat(answer()).as("the first may be anything").isEqualTo(new Answer(1, "own"));
        warmUp();
        call(NOT_PLAIN);
        assertThat(answer()).as("waits for others").isEqualTo(new Answer(NOT_PLAIN, "own"));
    }

    @Test
    void aCallThatIsNotShortAfterAllHoldsUpNobody() throws Exception {
        for (int round = 0; round < 100; round++) {
            warmUp();
            release = new CountDownLatch(1);
            call(10, LONG + round, 20, 30);
            assertThat(List.of(answer().id(), answer().id(), answer().id()))
                    .as("though one waits, and another was put off when that began")
                    .containsExactlyInAnyOrder(10, 20, 30);
            release.countDown();
            Answer last = answer();
            assertThat(last.id()).isEqualTo(LONG + round);
            if (!last.thread().equals("link")) continue; // the machine was slow, and it had a thread of its own
            call(4);
            assertThat(answer()).as("once bitten").isEqualTo(new Answer(4, "own"));
            return;
        }
        throw new AssertionError("whoever reads never ran a call that waits");
    }
}
