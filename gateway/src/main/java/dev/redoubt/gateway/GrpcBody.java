package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.function.Consumer;

/// Reads the one message of a call by gRPC, refusing it as soon as it is too large, too slow or something else
/// (R1.4, R1.3): a flag, a length and as many bytes. On the event loop of its connection.
final class GrpcBody {
    static final int PREFIX_BYTES = 5;
    private static final int AROUND_BODY_BYTES_MAX = 1024; // names and lengths of the message's fields

    private final EdgeServices services;
    private final Consumer<ServeException> refused;
    private final Consumer<byte[]> whole;
    private Buffer bytes = Buffer.buffer();
    private final RequestRecord record;
    private final long timer;
    private boolean over;

    private GrpcBody(
            EdgeServices services, RequestRecord record, Consumer<ServeException> refused, Consumer<byte[]> whole) {
        this.services = services;
        this.record = record;
        this.refused = refused;
        this.whole = whole;
        Duration time = services.timeouts().body();
        this.timer =
                services.later(time, () -> refuse(ServeException.of(ErrorCode.REQUEST_TIMEOUT, time.toMillis() / 1e3)));
    }

    /// @param record counts what is read
    /// @param whole is given the message without its prefix
    /// @return stops reading
    static Runnable read(
            EdgeServices services,
            HttpServerRequest request,
            RequestRecord record,
            Consumer<ServeException> refused,
            Consumer<byte[]> whole) {
        GrpcBody body = new GrpcBody(services, record, refused, whole);
        request.handler(body::more);
        request.endHandler(ended -> body.end());
        return body::stop;
    }

    private void more(Buffer part) {
        if (over) return;
        try {
            record.takeBody(part.length());
            bytes.appendBuffer(part);
            if (bytes.length() >= PREFIX_BYTES) check();
        } catch (ServeException refusal) {
            refuse(refusal);
        }
    }

    private void check() {
        if (bytes.getByte(0) != 0) // compressed: who knows how large it is
        throw ServeException.of(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "without grpc-encoding");
        long limit = services.limits().bodyBytesMax();
        long length = bytes.getUnsignedInt(1);
        if (length > limit + AROUND_BODY_BYTES_MAX) throw ServeException.of(ErrorCode.BODY_TOO_LARGE, limit);
        if (bytes.length() > PREFIX_BYTES + length) throw ServeException.of(ErrorCode.BAD_REQUEST); // a second one
    }

    private void end() {
        if (over) return;
        if (bytes.length() < PREFIX_BYTES || bytes.length() < PREFIX_BYTES + bytes.getUnsignedInt(1)) {
            refuse(ServeException.of(ErrorCode.BAD_REQUEST));
            return;
        }
        over = true;
        services.vertx().cancelTimer(timer);
        byte[] message = bytes.getBytes(PREFIX_BYTES, bytes.length());
        bytes = Buffer.buffer(); // the call keeps this reader for as long as it lasts
        whole.accept(message);
    }

    private void refuse(ServeException refusal) {
        if (over) return;
        stop();
        refused.accept(refusal);
    }

    private void stop() {
        if (over) return;
        over = true;
        services.vertx().cancelTimer(timer);
    }
}
