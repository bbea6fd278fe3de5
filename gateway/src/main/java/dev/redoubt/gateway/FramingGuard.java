package dev.redoubt.gateway;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import java.util.Locale;

/// Stands in front of Netty's HTTP/1 parser and breaks what that parser tolerates and this server refuses:
/// folded headers, headers without a name, chunk extensions, trailers, and lengths in any but the plainest
/// form. One object serves one connection, on its event loop.
final class FramingGuard extends ChannelInboundHandlerAdapter {
    /* The parser swallows these forms without a trace, so they cannot be refused after it; and a proxy that reads them in
     * another way than the parser does is how requests are smuggled. The guard follows the framing byte by byte, never holds a
     * byte back, and where it meets such a form it puts a NUL in the place of the first offending byte. No parser accepts a NUL
     * there, so the request is refused on the one path on which all malformed requests are, in order with others.
     *
     * The guard has to agree with the parser on framing that the parser accepts, so it breaks every length and encoding that it
     * does not understand itself. Two lengths, or a length and an encoding, the parser refuses. After a refusal the parser
     * discards all further bytes of the connection, so from there on any state of the guard will do. */
    private static final byte BROKEN = 0;
    private static final int LINE_KEPT_MAX = 64; // of a header line: enough to tell the two that frame a body

    private static final int DISTINCT_LENGTH = "Content-L".length(); // no other header of many requests goes on so
    private static final int LENGTH_DIGITS_MAX = 15;
    private static final int CHUNK_SIZE_DIGITS_MAX = 8;

    private enum State {
        BEFORE_REQUEST,
        REQUEST_LINE,
        HEADER_START,
        HEADER,
        OTHER_HEADER, // frames nothing, by its first letter
        BODY,
        CHUNK_SIZE,
        CHUNK_DATA,
        CHUNK_END,
        TRAILER_START,
        TRAILER
    }

    private State state = State.BEFORE_REQUEST;
    private final StringBuilder line = new StringBuilder(LINE_KEPT_MAX);
    private long bodyLeft;
    private boolean chunked;
    private boolean refused; // a header whose end has been let through
    private long contentLength;

    @Override
    public void channelRead(ChannelHandlerContext context, Object message) {
        if (message instanceof ByteBuf bytes) follow(bytes);
        context.fireChannelRead(message);
    }

    /// Follows the framing through `bytes`, from its reader index to its writer index, both of which stay.
    void follow(ByteBuf bytes) {
        int at = bytes.readerIndex();
        int end = bytes.writerIndex();
        while (at < end) {
            if (state == State.BODY || state == State.CHUNK_DATA) {
                long skipped = Math.min(bodyLeft, end - at);
                at += (int) skipped;
                bodyLeft -= skipped;
                if (bodyLeft == 0) state = state == State.BODY ? State.BEFORE_REQUEST : State.CHUNK_END;
            } else if (state == State.REQUEST_LINE || state == State.OTHER_HEADER) {
                int lineEnd = bytes.indexOf(at, end, (byte) '\n');
                if (lineEnd < 0) return;
                at = lineEnd + 1;
                if (state == State.REQUEST_LINE) beginHeaders();
                else state = State.HEADER_START;
            } else {
                if (breaks(bytes.getByte(at))) bytes.setByte(at, BROKEN);
                at++;
            }
        }
    }

    /// @return whether this byte begins a form that is refused
    private boolean breaks(byte b) {
        switch (state) {
            case BEFORE_REQUEST -> { // the parser skips empty lines here
                if (b != '\r' && b != '\n') state = State.REQUEST_LINE;
            }
            case HEADER_START -> {
                if (refused && b != '\n') { // not the line's own end: the parser would wait for more of it
                    refused = false;
                    state = State.OTHER_HEADER;
                    return true;
                }
                if (b == '\n') endOfHead();
                else if (b != '\r') {
                    state = mayFrame(b) ? State.HEADER : State.OTHER_HEADER;
                    if (state == State.HEADER) line.append((char) b);
                    return b == ' ' || b == '\t' || b == ':';
                }
            }
            case HEADER -> {
                if (b == '\n') refused = !endOfHeader();
                else if (line.length() < LINE_KEPT_MAX) {
                    line.append((char) (b & 0xFF));
                    if (line.length() == DISTINCT_LENGTH && !mayFrame(line)) {
                        line.setLength(0);
                        state = State.OTHER_HEADER;
                    }
                }
            }
            case CHUNK_SIZE -> {
                if (b == '\n') return !endOfChunkSize();
                else if (b != '\r') {
                    boolean digit = Character.digit(b, 16) >= 0 && line.length() < CHUNK_SIZE_DIGITS_MAX;
                    if (digit) line.append((char) b);
                    else if (line.isEmpty()) line.append('0'); // the end of the line stays, so that the parser sees it
                    return !digit;
                }
            }
            case CHUNK_END -> {
                if (b == '\n') state = State.CHUNK_SIZE;
            }
            case TRAILER_START -> {
                if (b == '\n') state = State.BEFORE_REQUEST;
                else if (b != '\r') {
                    state = State.TRAILER;
                    return true;
                }
            }
            case TRAILER -> {
                if (b == '\n') state = State.TRAILER_START;
            }
            case BODY, CHUNK_DATA, REQUEST_LINE, OTHER_HEADER ->
                throw new IllegalStateException("counted, not read: " + state);
        }
        return false;
    }

    /// Whether `Content-Length` or `Transfer-Encoding` may begin so.
    private static boolean mayFrame(byte first) {
        return first == 'c' || first == 'C' || first == 't' || first == 'T';
    }

    private static boolean mayFrame(CharSequence beginning) {
        char last = beginning.charAt(DISTINCT_LENGTH - 1);
        return last == 'l' || last == 'L' || last == '-'; // of Content-Length, of Transfer-Encoding
    }

    private void beginHeaders() {
        line.setLength(0);
        chunked = false;
        contentLength = 0;
        refused = false;
        state = State.HEADER_START;
    }

    /// @return whether the header is understood, where it frames a body
    private boolean endOfHeader() {
        String text = line.toString().strip().toLowerCase(Locale.ROOT);
        line.setLength(0);
        state = State.HEADER_START;
        int colon = text.indexOf(':');
        if (colon < 0) return true; // the parser refuses it
        String value = text.substring(colon + 1).strip();
        return switch (text.substring(0, colon)) {
            case "transfer-encoding" -> {
                chunked = true;
                yield value.equals("chunked");
            }
            case "content-length" -> {
                boolean plain = isLength(value);
                if (plain) contentLength = Long.parseLong(value);
                yield plain;
            }
            default -> true;
        };
    }

    private static boolean isLength(String value) {
        if (value.isEmpty() || value.length() > LENGTH_DIGITS_MAX) return false;
        for (int i = 0; i < value.length(); i++) if (value.charAt(i) < '0' || value.charAt(i) > '9') return false;
        return true;
    }

    private void endOfHead() {
        if (chunked) state = State.CHUNK_SIZE;
        else if (contentLength > 0) {
            bodyLeft = contentLength;
            state = State.BODY;
        } else state = State.BEFORE_REQUEST;
    }

    /// @return whether the size is understood
    private boolean endOfChunkSize() {
        String size = line.toString();
        line.setLength(0);
        if (size.isEmpty()) return false;
        bodyLeft = Long.parseLong(size, 16);
        state = bodyLeft == 0 ? State.TRAILER_START : State.CHUNK_DATA;
        return true;
    }
}
