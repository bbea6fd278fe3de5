package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.BiConsumer;

/// Reads one body, refusing it as soon as it is too large or too slow (R1.4, R1.3). On the event loop.
final class BodyReader {
    private static final long NO_TIMER = -1; // 0 is one like any other

    private final Exchange exchange;
    private final HttpServerRequest request;
    private final BodyType type;
    private final long bytesMax;
    private final BiConsumer<BodyType, byte[]> whole;
    private Buffer body = Buffer.buffer();
    private long deadline = NO_TIMER;
    private boolean over;

    private BodyReader(Exchange exchange, BodyType type, BiConsumer<BodyType, byte[]> whole) {
        this.exchange = exchange;
        this.type = type;
        this.request = exchange.request();
        this.bytesMax = exchange.services().limits().bodyBytesMax();
        this.whole = whole;
    }

    /// @param taken the types of body that the route takes
    /// @param whole is given the body if it arrives; if it does not, the exchange is refused
    /// @throws ServeException if its headers alone refuse it
    static void read(Exchange exchange, Set<BodyType> taken, BiConsumer<BodyType, byte[]> whole) {
        new BodyReader(exchange, type(exchange.request().headers(), taken), whole).start();
    }

    private static BodyType type(MultiMap headers, Set<BodyType> taken) {
        List<String> types = headers.getAll(HttpHeaders.CONTENT_TYPE);
        Optional<BodyType> type = types.size() == 1 ? BodyType.of(types.getFirst()) : Optional.empty();
        boolean encoded = headers.contains(HttpHeaders.CONTENT_ENCODING);
        if (encoded || type.filter(taken::contains).isEmpty()) {
            String names = BodyType.names(taken);
            throw ServeException.of(
                    ErrorCode.UNSUPPORTED_MEDIA_TYPE, encoded ? names + ", without Content-Encoding" : names);
        }
        return type.get();
    }

    private void start() {
        MultiMap headers = request.headers();
        String length = headers.get(HttpHeaders.CONTENT_LENGTH);
        if (length != null && Long.parseLong(length) > bytesMax) throw tooLarge();
        request.handler(this::more);
        request.endHandler(ended -> end());
        request.exceptionHandler(broken -> refuse(ServeException.of(ErrorCode.BAD_REQUEST)));
        EdgeTimeouts timeouts = exchange.services().timeouts();
        Duration limit = exchange.services().limits().requestTimeout();
        Duration time = timeouts.body().compareTo(limit) < 0 ? timeouts.body() : limit;
        // Most bodies come with their head; by then they are here, and no timer is set to be taken back.
        exchange.onEventLoop(() -> {
            if (!over)
                deadline = exchange.later(
                        time, () -> refuse(ServeException.of(ErrorCode.REQUEST_TIMEOUT, time.toMillis() / 1e3)));
        });
        exchange.whenGone(this::stop);
        if (headers.contains(HttpHeaders.EXPECT)) request.response().writeContinue();
    }

    private void more(Buffer piece) {
        if (over) return;
        if (body.length() + (long) piece.length() > bytesMax) {
            refuse(tooLarge());
            return;
        }
        try {
            exchange.record().takeBody(piece.length());
            body.appendBuffer(piece);
        } catch (ServeException noRoom) {
            refuse(noRoom);
        }
    }

    private void end() {
        if (over) return;
        over = true;
        cancelDeadline();
        byte[] bytes = body.getBytes();
        body = Buffer.buffer(); // the exchange keeps this reader for as long as it lasts
        whole.accept(type, bytes);
    }

    private void refuse(ServeException refusal) {
        if (over) return;
        stop();
        exchange.refuseAndClose(refusal);
    }

    private void stop() {
        if (over) return;
        over = true;
        cancelDeadline();
    }

    private void cancelDeadline() {
        if (deadline != NO_TIMER) exchange.services().vertx().cancelTimer(deadline);
    }

    private ServeException tooLarge() {
        return ServeException.of(ErrorCode.BODY_TOO_LARGE, bytesMax);
    }
}
