package dev.redoubt.gateway;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.CorruptedFrameException;
import io.netty.handler.codec.TooLongFrameException;
import io.netty.handler.codec.http.websocketx.WebSocket13FrameDecoder;
import io.netty.handler.codec.http.websocketx.WebSocketDecoderConfig;
import io.netty.handler.codec.http.websocketx.WebSocketFrame;
import java.util.Arrays;

/// Frames of a WebSocket are the same however their bytes are cut into packets, to our counter and to the
/// decoder behind it (R1.4): of bytes that are no frame yet as many are counted as wait, and none when the
/// connection has ended.
public final class SocketFrameFuzz {
    private static final int FRAME_BYTES_MAX = 1 << 16;
    private static final long PLENTY = 1 << 30;

    private SocketFrameFuzz() {}

    /// The first byte says where the rest is cut.
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length < 2) return;
        int size = 1 + (input[0] & 0x3F);
        byte[] bytes = Arrays.copyOfRange(input, 1, input.length);
        String whole = read(bytes, bytes.length);
        String cut = read(bytes, size);
        if (!whole.equals(cut))
            throw new IllegalStateException("cut at " + size + " it reads\n" + cut + "\nand whole\n" + whole);
    }

    private static String read(byte[] bytes, int size) {
        BodyBudget budget = new BodyBudget(PLENTY);
        WebSocketDecoderConfig config = WebSocketDecoderConfig.newBuilder()
                .expectMaskedFrames(true)
                .allowExtensions(false)
                .maxFramePayloadLength(FRAME_BYTES_MAX)
                .build();
        EmbeddedChannel channel =
                new EmbeddedChannel(new FrameCounter(budget.of("shop")), new WebSocket13FrameDecoder(config));
        StringBuilder seen = new StringBuilder();
        boolean broken = false;
        for (int at = 0; at < bytes.length && !broken; at += size) {
            int count = Math.min(size, bytes.length - at);
            broken = !sent(channel, Arrays.copyOfRange(bytes, at, at + count));
            tell(channel, seen);
            if (budget.used() < 0 || budget.used() > at + count)
                throw new IllegalStateException(budget.used() + " bytes are counted of " + (at + count));
        }
        seen.append(broken ? "refused" : String.valueOf(budget.used()));
        channel.finishAndReleaseAll();
        if (budget.used() != 0) throw new IllegalStateException(budget.used() + " bytes are counted after the end");
        return seen.toString();
    }

    private static boolean sent(EmbeddedChannel channel, byte[] part) {
        try {
            channel.writeInbound(Unpooled.wrappedBuffer(part));
            return true;
        } catch (CorruptedFrameException | TooLongFrameException refused) {
            return false;
        }
    }

    private static void tell(EmbeddedChannel channel, StringBuilder seen) {
        for (WebSocketFrame frame = channel.readInbound(); frame != null; frame = channel.readInbound()) {
            seen.append(frame.getClass().getSimpleName())
                    .append(frame.isFinalFragment())
                    .append(' ');
            for (int i = 0; i < frame.content().readableBytes(); i++)
                seen.append(Integer.toHexString(frame.content().getByte(i) & 0xFF))
                        .append(' ');
            seen.append('\n');
            frame.release();
        }
    }
}
