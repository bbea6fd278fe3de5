package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.io.ByteArrayOutputStream;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class FrameCounterTest {
    private final BodyBudget budget = new BodyBudget(400_000);

    private static byte[] frame(int payload) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(0x82);
        if (payload < 126) out.write(0x80 | payload);
        else if (payload < 65_536) {
            out.write(0x80 | 126);
            out.write(payload >> 8);
            out.write(payload);
        } else {
            out.write(0x80 | 127);
            for (int shift = 56; shift >= 0; shift -= 8) out.write((int) ((long) payload >> shift));
        }
        out.writeBytes(new byte[4]);
        out.writeBytes(new byte[payload]);
        return out.toByteArray();
    }

    private static void feed(EmbeddedChannel channel, byte[] bytes, int from, int to) {
        channel.writeInbound(Unpooled.copiedBuffer(bytes, from, to - from));
        for (ByteBuf passed = channel.readInbound(); passed != null; passed = channel.readInbound()) passed.release();
    }

    @Test
    void R1_4_whatHasArrivedOfAFrameCountsUntilItIsThere() {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameCounter(budget.of("shop")));
        Random random = new Random(7);
        for (int payload : new int[] {0, 1, 125, 126, 65_535, 65_536, 150_000}) {
            byte[] frame = frame(payload);
            int head = frame.length - payload;
            for (int at = 0; at < frame.length; ) {
                int next = Math.min(frame.length, at + 1 + random.nextInt(payload < 200 ? 3 : 20_000));
                feed(channel, frame, at, next);
                at = next;
                long expected = at == frame.length ? 0 : Math.max(0, at - head);
                assertThat(budget.used()).as("%d of %d", at, payload).isEqualTo(expected);
            }
        }
        assertThat(channel.isOpen()).isTrue();
        channel.close();
    }

    @Test
    void R1_4_whereThereIsNoRoomTheConnectionEnds() {
        EmbeddedChannel one = new EmbeddedChannel(new FrameCounter(budget.of("shop")));
        EmbeddedChannel other = new EmbeddedChannel(new FrameCounter(budget.of("shop")));
        byte[] frame = frame(150_000);
        feed(one, frame, 0, 140_014);
        feed(other, frame, 0, 50_014);
        assertThat(other.isOpen()).isTrue();
        feed(other, frame, 50_014, 80_000);
        assertThat(other.isOpen()).isFalse();
        assertThat(budget.used()).isEqualTo(140_000);
        one.close();
        assertThat(budget.used()).isZero();
    }

    @Test
    void severalFramesInOnePieceAreThere() {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameCounter(budget.of("shop")));
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (int i = 0; i < 20; i++) all.writeBytes(frame(i * 17));
        all.write(0x82);
        feed(channel, all.toByteArray(), 0, all.size());
        assertThat(budget.used()).isZero();
        assertThat(channel.isOpen()).isTrue();
        channel.close();
    }
}
