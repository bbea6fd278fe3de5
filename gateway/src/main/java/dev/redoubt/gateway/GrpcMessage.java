package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/// The two messages of the gRPC service (`docs/application.proto`), read strictly: each field once, none that is
/// unknown.
/// What they carry is what a body over HTTP is.
final class GrpcMessage {
    private static final String FORMAT = "protobuf";
    private static final int LENGTH_DELIMITED = 2;
    private static final int VARINT_BYTES_MAX = 5;

    /// @param application whose ingress is called
    /// @param contentType of the body, as in HTTP
    /// @param model which of many models of one deployment; empty: none is named
    record Request(String application, String contentType, byte[] body, String model) {}

    private GrpcMessage() {}

    /// @throws ServeException 400 if it is not exactly such a message
    static Request request(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message);
        byte[] @Nullable [] fields = new byte[4][]; // by number
        while (in.hasRemaining()) {
            int tag = varint(in);
            int number = tag >>> 3;
            if (number < 1 || number > fields.length) {
                String name = "field " + number;
                throw ServeException.ofField(ErrorCode.UNKNOWN_FIELD, name, name);
            }
            if ((tag & 7) != LENGTH_DELIMITED) throw broken("a field of another wire type", in);
            int length = varint(in);
            if (length < 0 || length > in.remaining()) throw broken("a field that goes past the end", in);
            if (fields[number - 1] != null) {
                String name = "field " + number;
                throw ServeException.ofField(ErrorCode.DUPLICATE_FIELD, name, name);
            }
            byte[] value = new byte[length];
            in.get(value);
            fields[number - 1] = value;
        }
        return new Request(text(fields[0], in), text(fields[1], in), orEmpty(fields[2]), text(fields[3], in));
    }

    private static int varint(ByteBuffer in) {
        long value = 0;
        for (int i = 0; i < VARINT_BYTES_MAX; i++) {
            if (!in.hasRemaining()) throw broken("a number that goes past the end", in);
            byte b = in.get();
            value |= (long) (b & 0x7F) << (7 * i);
            if (b >= 0) {
                if (value > Integer.MAX_VALUE) break;
                return (int) value;
            }
        }
        throw broken("a number that is too large", in);
    }

    private static byte[] orEmpty(byte @Nullable [] value) {
        return value == null ? new byte[0] : value;
    }

    private static String text(byte @Nullable [] value, ByteBuffer in) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(orEmpty(value)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw broken("text that is not UTF-8", in);
        }
    }

    private static ServeException broken(String problem, ByteBuffer in) {
        return ServeException.of(ErrorCode.INVALID_BODY, FORMAT, problem, in.position());
    }

    /// A reply or an item.
    static byte[] reply(String contentType, byte[] body) {
        ByteArrayOutputStream out = new ByteArrayOutputStream(body.length + contentType.length() + 12);
        field(out, 1, contentType.getBytes(StandardCharsets.UTF_8));
        field(out, 2, body);
        return out.toByteArray();
    }

    private static void field(ByteArrayOutputStream out, int number, byte[] value) {
        if (value.length == 0) return;
        out.write(number << 3 | LENGTH_DELIMITED);
        int length = value.length;
        for (; length > 0x7F; length >>>= 7) out.write(length & 0x7F | 0x80);
        out.write(length);
        out.writeBytes(value);
    }
}
