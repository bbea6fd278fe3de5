package dev.redoubt.gateway;

import dev.redoubt.base.ServeException;
import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;

/// Counts what has arrived of a WebSocket frame that is not complete in the budget of bodies: Netty gathers a
/// frame, however large, before it hands it on, and many half frames together would be much. Where there is no room
/// the connection ends. It ends too where a peer goes on with pings and reads no answer. One object serves one
/// connection, on its event loop.
final class FrameCounter extends ChannelInboundHandlerAdapter {
    private static final int HEAD_BYTES_MAX = 14; // RFC 6455: two bytes, the length, the mask
    private static final int MASKED = 0x80;
    private static final int TWO_BYTES_FOLLOW = 126;
    private static final int EIGHT_BYTES_FOLLOW = 127;
    private static final int OPCODE = 0xF;
    private static final int PING = 9;
    /// In answers that a peer does not read, which the socket has no room for.
    private static final int UNREAD_PINGS_MAX = 64;

    private final BodyBudget.Share budget;
    private final byte[] head = new byte[HEAD_BYTES_MAX];
    private int headBytes;
    private long payloadLeft;
    private long arrived; // of the payload
    private long taken; // out of the budget
    private boolean full; // of what the peer does not read
    private int unreadPings; // since there was room for what is written

    FrameCounter(BodyBudget.Share budget) {
        this.budget = budget;
    }

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        full = !context.channel().isWritable();
        if (!full) unreadPings = 0;
        if (message instanceof ByteBuf bytes && (!count(bytes) || unreadPings > UNREAD_PINGS_MAX)) {
            bytes.release();
            context.close();
        } else context.fireChannelRead(message);
    }

    /// @return whether there is room
    private boolean count(ByteBuf bytes) {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        while (at < end) {
            if (payloadLeft > 0) {
                long part = Math.min(payloadLeft, end - at);
                at += (int) part;
                payloadLeft -= part;
                arrived = payloadLeft == 0 ? 0 : arrived + part;
            } else head(bytes.getByte(at++));
        }
        try {
            if (arrived > taken) budget.take(arrived - taken);
            else budget.give(taken - arrived);
            taken = arrived;
            return true;
        } catch (ServeException noRoom) {
            return false;
        }
    }

    private void head(byte next) {
        head[headBytes++] = next;
        if (headBytes < 2) return;
        int length = head[1] & ~MASKED & 0xFF;
        int lengthBytes = length == TWO_BYTES_FOLLOW ? 2 : length == EIGHT_BYTES_FOLLOW ? 8 : 0;
        if (headBytes < 2 + lengthBytes + ((head[1] & MASKED) == 0 ? 0 : 4)) return;
        long payload = lengthBytes == 0 ? length : 0;
        for (int i = 0; i < lengthBytes; i++) payload = payload << 8 | (head[2 + i] & 0xFF);
        if (full && (head[0] & OPCODE) == PING) unreadPings++;
        payloadLeft = payload < 0 ? Long.MAX_VALUE : payload; // no frame is so long: the decoder refuses it
        headBytes = 0;
    }

    @Override
    public void channelInactive(ChannelHandlerContext context) {
        budget.give(taken);
        taken = 0;
        arrived = 0;
        context.fireChannelInactive();
    }
}
