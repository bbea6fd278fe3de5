package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.node.JsonNodeFactory;

/// How the items of one stream get from the thread that reads a link to their listener.
class ReplyTest {
    private static final int BYTES = 10;
    private static final int LARGE = 5000;

    private final Listener listener = new Listener();
    private final AtomicInteger credit = new AtomicInteger();
    private final Reply.Many reply = new Reply.Many(listener, credit::addAndGet, 10_000_000);

    private static Payload item(int number) {
        return new Payload.Tree(JsonNodeFactory.instance.numberNode(number));
    }

    @Test
    void aSmallItemIsTakenOnTheThreadThatReads() throws BadFrame {
        listener.room = 2;
        reply.item(item(0), BYTES, false);
        reply.item(item(1), BYTES, false);
        assertThat(listener.items()).containsExactly(0, 1);
        assertThat(listener.threads()).containsOnly(Thread.currentThread());
        assertThat(credit).hasValue(2 * BYTES);
    }

    @Test
    void whatIsLargeOrFindsNoRoomIsToldOfByAThreadThatMayWait() throws Exception {
        listener.room = 1;
        reply.item(item(0), LARGE, false);
        listener.await(1);
        listener.room = 0;
        reply.item(item(1), BYTES, true);
        listener.awaitEnd();
        assertThat(listener.items()).containsExactly(0, 1);
        assertThat(listener.threads()).doesNotContain(Thread.currentThread());
        assertThat(credit).hasValue(LARGE + BYTES);
        assertThat(listener.ends()).containsExactly("completed");
    }

    /// As it comes to be: room comes and goes, items are of all sizes.
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void theirOrderStaysAndThereIsOneEnd(long seed) throws Exception {
        Random random = new Random(seed);
        int items = 2000;
        int bytes = 0;
        for (int i = 0; i < items; i++) {
            listener.room = random.nextInt(3);
            int size = random.nextInt(4) == 0 ? LARGE : BYTES;
            bytes += size;
            reply.item(item(i), size, i == items - 1 && seed % 2 == 0);
        }
        if (seed % 2 == 1) reply.completed();
        listener.awaitEnd();
        assertThat(listener.items())
                .containsExactlyElementsOf(IntStream.range(0, items).boxed().toList());
        assertThat(listener.ends()).containsExactly("completed");
        assertThat(credit).hasValue(bytes);
    }

    @Test
    void whatCameBeforeAFailureIsToldOfFirst() throws Exception {
        for (int i = 0; i < 100; i++) reply.item(item(i), LARGE, false);
        reply.failed(ServeException.of(ErrorCode.INTERNAL));
        listener.awaitEnd();
        assertThat(listener.items())
                .containsExactlyElementsOf(IntStream.range(0, 100).boxed().toList());
        assertThat(listener.ends()).containsExactly("INTERNAL");
    }

    @Test
    void aCancellationWhileAnItemIsOfferedIsToldOfOnce() throws Exception {
        listener.room = 1;
        listener.whileOffered = () -> reply.dropped(ServeException.of(ErrorCode.CANCELLED));
        reply.item(item(0), BYTES, false);
        listener.awaitEnd();
        reply.item(item(1), BYTES, false);
        reply.completed();
        assertThat(listener.items()).containsExactly(0);
        assertThat(listener.ends()).containsExactly("CANCELLED");
    }

    @Test
    void aListenerThatThrowsGetsNoMore() throws Exception {
        listener.room = 1;
        listener.whileOffered = () -> {
            throw new IllegalStateException("unwanted");
        };
        reply.item(item(0), BYTES, false);
        listener.awaitEnd();
        assertThat(listener.ends()).containsExactly("INTERNAL");
    }

    @Test
    void moreThanItsCreditIsRefused() {
        Reply.Many small = new Reply.Many(listener, credit::addAndGet, 15);
        assertThatThrownBy(() -> small.item(item(0), 16, false)).isInstanceOf(BadFrame.class);
    }

    @Test
    void whatNeverBeganIsToldOnceAndAsWhatItIs() throws Exception {
        ServeException lost = ServeException.of(ErrorCode.REPLICA_LOST);
        reply.notBegun(lost);
        reply.notBegun(lost);
        reply.failed(lost);
        reply.completed();
        Reply single = new Reply.Single(listener);
        single.notBegun(lost);
        single.failed(lost);
        listener.awaitEnd();
        assertThat(listener.ends()).containsExactly("not begun", "not begun");
        assertThat(reply.ended() && single.ended()).isTrue();
    }

    private static final class Listener implements ReplyListener {
        private final List<Integer> items = new ArrayList<>(); // guarded by this, as all below
        private final List<Thread> threads = new ArrayList<>();
        private final List<String> ends = new ArrayList<>();
        private final CountDownLatch ended = new CountDownLatch(1);
        volatile int room;
        volatile Runnable whileOffered = () -> {};

        @Override
        public boolean offer(Payload item) {
            if (room == 0) return false;
            next(item);
            whileOffered.run();
            return true;
        }

        @Override
        public synchronized void next(Payload item) {
            items.add(item.tree().intValue());
            threads.add(Thread.currentThread());
            notifyAll();
        }

        @Override
        public synchronized void completed() {
            ends.add("completed");
            ended.countDown();
        }

        @Override
        public synchronized void failed(ServeException failure) {
            ends.add(failure.code().name());
            ended.countDown();
        }

        @Override
        public synchronized void notBegun(ServeException failure) {
            ends.add("not begun");
            ended.countDown();
        }

        synchronized void await(int count) throws InterruptedException {
            while (items.size() < count) wait();
        }

        void awaitEnd() throws InterruptedException {
            assertThat(ended.await(10, TimeUnit.SECONDS)).isTrue();
        }

        synchronized List<Integer> items() {
            return List.copyOf(items);
        }

        synchronized List<Thread> threads() {
            return List.copyOf(threads);
        }

        synchronized List<String> ends() {
            return List.copyOf(ends);
        }
    }
}
