package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.serve.replica.Turn;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OutboxTest {
    private static final int FRAME_BYTES_MAX = 1 << 20;

    @TempDir
    Path folder;

    private SocketChannel near;
    private SocketChannel far;
    private final AtomicInteger full = new AtomicInteger();
    private final AtomicInteger left = new AtomicInteger();
    private Outbox outbox;
    private long nanos;

    @BeforeEach
    void connect() throws IOException {
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(folder.resolve("link"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            near = SocketChannel.open(address);
            far = server.accept();
        }
        near.configureBlocking(false);
        outbox = new Outbox(near, () -> nanos, full::incrementAndGet, left::incrementAndGet);
    }

    @AfterEach
    void disconnect() throws IOException {
        near.close();
        far.close();
    }

    @Test
    void whatIsAddedGoesOutInItsOrderWithTheNextFlush() throws IOException {
        long ignored = outbox.add(frame(1, 10)) + outbox.add(frame(2, 10));
        outbox.flush();
        assertThat(outbox.isEmpty()).isTrue();
        assertThat(ids(read(2 * 19), 19)).containsExactly(1, 2);
    }

    @Test
    void whatAThreadSendsInOneTurnGoesOutTogether() throws IOException {
        far.configureBlocking(false);
        Turn.<IOException>during(() -> {
            for (int i = 1; i <= 3; i++) {
                long ignored = outbox.add(frame(i, 10));
                outbox.flushAtEndOfTurn();
            }
            assertThat(far.read(ByteBuffer.allocate(100))).as("so far").isZero();
        });
        assertThat(ids(read(3 * 19), 19)).containsExactly(1, 2, 3);
    }

    @Test
    void nobodyWaitsForAPeerThatDoesNotReadAndNothingIsLost() throws IOException {
        int frames = 20;
        int bytes = 100_000;
        for (int i = 1; i <= frames; i++) {
            long ignored = outbox.add(frame(i, bytes));
            outbox.flush();
        }
        assertThat(full).hasValue(1);
        assertThat(outbox.isEmpty()).isFalse();
        nanos = 1000;
        assertThat(outbox.fullFor()).isPositive();
        int whole = bytes + Frames.HEADER_BYTES;
        ByteBuffer all = ByteBuffer.allocate(frames * whole);
        while (all.hasRemaining()) {
            int ignored = far.read(all);
            if (!outbox.isEmpty()) outbox.resume();
        }
        assertThat(outbox.isEmpty()).isTrue();
        assertThat(outbox.fullFor()).isZero();
        assertThat(ids(all.flip(), whole)).hasSize(frames).isSorted();
    }

    @Test
    void aFrameHasBegunWhenTheSystemWasGivenAnyOfIt() throws IOException {
        long first = outbox.add(frame(1, FRAME_BYTES_MAX - 100));
        long second = outbox.add(frame(2, 10));
        assertThat(outbox.begun(first)).isFalse();
        outbox.flush();
        assertThat(outbox.begun(first)).isTrue();
        assertThat(outbox.begun(second)).isFalse();
    }

    @Test
    void theFirstItemGoesAtOnceAndTheRestOfABurstTogether() throws IOException {
        soon(1);
        assertThat(ids(read(19), 19)).containsExactly(1);
        assertThat(left).hasValue(0);
        soon(2);
        soon(3);
        assertThat(outbox.isEmpty()).isFalse();
        assertThat(outbox.left()).isTrue();
        assertThat(left).hasValue(1); // told once
        nanos += TimeUnit.MILLISECONDS.toNanos(1);
        soon(4);
        assertThat(outbox.left()).isFalse();
        assertThat(ids(read(3 * 19), 19)).containsExactly(2, 3, 4);
    }

    @Test
    void aLongBurstIsNotHeldBack() throws IOException {
        soon(1);
        long ignored = outbox.add(frame(2, 20_000));
        outbox.flushSoon();
        assertThat(outbox.isEmpty()).isTrue();
    }

    private void soon(int id) throws IOException {
        long ignored = outbox.add(frame(id, 10));
        outbox.flushSoon();
    }

    @Test
    void afterItsEndNothingIsTaken() throws IOException {
        outbox.close();
        assertThatThrownBy(() -> outbox.add(frame(1, 10))).isInstanceOf(ClosedChannelException.class);
        assertThat(outbox.isEmpty()).isTrue();
    }

    private static FrameWriter frame(int id, int bytes) {
        FrameWriter frame = new FrameWriter(FrameType.ITEM, id, FRAME_BYTES_MAX);
        for (int i = 0; i < bytes; i++) frame.u8(i);
        return frame;
    }

    private ByteBuffer read(int bytes) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(bytes);
        while (all.hasRemaining()) {
            int ignored = far.read(all);
        }
        return all.flip();
    }

    private static List<Integer> ids(ByteBuffer all, int frameBytes) {
        List<Integer> ids = new ArrayList<>();
        for (int at = 0; at < all.limit(); at += frameBytes) ids.add(all.getInt(at + 5));
        return ids;
    }
}
