package dev.redoubt.gateway;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpContent;
import io.netty.handler.codec.http.HttpObject;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpRequestDecoder;
import io.netty.handler.codec.http.LastHttpContent;
import io.netty.util.ReferenceCountUtil;
import java.util.Arrays;

/// What comes from a socket is the same requests however it is cut into packets (R4.4), in our guard and in the
/// parser behind it; no bytes make either throw.
public final class HttpFuzz {
    private HttpFuzz() {}

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
        EmbeddedChannel channel = new EmbeddedChannel(new FramingGuard(), new HttpRequestDecoder());
        StringBuilder seen = new StringBuilder();
        boolean broken = false;
        for (int at = 0; at < bytes.length; at += size) {
            channel.writeInbound(Unpooled.copiedBuffer(bytes, at, Math.min(size, bytes.length - at)));
            for (Object read = channel.readInbound(); read != null; read = channel.readInbound()) {
                if (!broken) broken = tell(read, seen);
                ReferenceCountUtil.release(read);
            }
        }
        channel.finishAndReleaseAll();
        return seen.toString();
    }

    /// @return whether it is a refusal: the edge closes the connection then
    private static boolean tell(Object read, StringBuilder seen) {
        if (read instanceof HttpObject object && object.decoderResult().isFailure()) {
            seen.append("refused\n");
            return true;
        }
        if (read instanceof HttpRequest request)
            seen.append(request.method())
                    .append(' ')
                    .append(request.uri())
                    .append(request.headers().entries())
                    .append('\n');
        if (read instanceof HttpContent content) {
            for (int i = content.content().readerIndex(); i < content.content().writerIndex(); i++)
                seen.append((char) (content.content().getByte(i) & 0xFF));
            if (content instanceof LastHttpContent) seen.append("end\n");
        }
        return false;
    }
}
