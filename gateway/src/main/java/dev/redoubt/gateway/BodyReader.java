package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// Reads one JSON body, refusing it as soon as it is too large or too slow (R1.4, R1.3). On the event loop.
final class BodyReader {
    private static final Pattern JSON = Pattern.compile("(?i)application/json(?:\\s*;\\s*charset=\"?utf-8\"?)?\\s*");

    private final Exchange exchange;
    private final HttpServerRequest request;
    private final long bytesMax;
    private final BodyBudget budget;
    private final Consumer<byte[]> whole;
    private final Buffer body = Buffer.buffer();
    private long deadline = -1; // no timer yet; 0 is one like any other
    private boolean over;

    private BodyReader(Exchange exchange, Consumer<byte[]> whole) {
        this.exchange = exchange;
        this.request = exchange.request();
        this.bytesMax = exchange.services().limits().bodyBytesMax();
        this.budget = exchange.services().bodies();
        this.whole = whole;
    }

    /// @param whole is given the body if it arrives, and gives its size back to the budget; if it does not
    ///     arrive, the exchange is refused
    /// @throws ServeException if its headers alone refuse it
    static void read(Exchange exchange, Consumer<byte[]> whole) {
        new BodyReader(exchange, whole).start();
    }

    private void start() {
        MultiMap headers = request.headers();
        List<String> types = headers.getAll("Content-Type");
        if (types.size() != 1 || !JSON.matcher(types.getFirst()).matches())
            throw ServeException.of(ErrorCode.UNSUPPORTED_MEDIA_TYPE);
        if (headers.contains("Content-Encoding")) throw ServeException.of(ErrorCode.UNSUPPORTED_MEDIA_TYPE);
        String length = headers.get("Content-Length");
        if (length != null && Long.parseLong(length) > bytesMax) throw tooLarge();
        request.handler(this::more);
        request.endHandler(ended -> end());
        request.exceptionHandler(broken -> refuse(ServeException.of(ErrorCode.BAD_REQUEST)));
        EdgeTimeouts timeouts = exchange.services().timeouts();
        Duration limit = exchange.services().limits().requestTimeout();
        Duration time = timeouts.body().compareTo(limit) < 0 ? timeouts.body() : limit;
        deadline =
                exchange.later(time, () -> refuse(ServeException.of(ErrorCode.REQUEST_TIMEOUT, time.toMillis() / 1e3)));
        exchange.whenGone(this::stop);
        if (headers.contains("Expect")) request.response().writeContinue();
    }

    private void more(Buffer piece) {
        if (over) return;
        if (body.length() + (long) piece.length() > bytesMax) {
            refuse(tooLarge());
            return;
        }
        try {
            budget.take(piece.length());
            body.appendBuffer(piece);
        } catch (ServeException noRoom) {
            refuse(noRoom);
        }
    }

    private void end() {
        if (over) return;
        over = true;
        exchange.services().vertx().cancelTimer(deadline);
        whole.accept(body.getBytes());
    }

    private void refuse(ServeException refusal) {
        if (over) return;
        stop();
        exchange.refuseAndClose(refusal);
    }

    private void stop() {
        if (over) return;
        over = true;
        budget.give(body.length());
        exchange.services().vertx().cancelTimer(deadline);
    }

    private ServeException tooLarge() {
        return ServeException.of(ErrorCode.BODY_TOO_LARGE, bytesMax);
    }
}
