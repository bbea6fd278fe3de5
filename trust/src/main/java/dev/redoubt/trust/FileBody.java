package dev.redoubt.trust;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.function.LongConsumer;

/// Writes a response body to a file as it comes, so that a cut connection loses nothing that arrived.
final class FileBody implements HttpResponse.BodySubscriber<Long> {
    private final FileChannel out;
    private final long bytesMax;
    private final LongConsumer meter;
    private final CompletableFuture<Long> done = new CompletableFuture<>();
    private long at; // where the next byte goes; the client's calls follow one another
    private Flow.Subscription subscription = new Flow.Subscription() {
        @Override
        public void request(long count) {}

        @Override
        public void cancel() {}
    };

    /// @param from where in the file the body goes
    /// @param bytesMax the file may have; a longer body is cut off and refused
    FileBody(FileChannel out, long from, long bytesMax, LongConsumer meter) {
        this.out = out;
        this.at = from;
        this.bytesMax = bytesMax;
        this.meter = meter;
    }

    @Override
    public CompletionStage<Long> getBody() {
        return done;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription = given;
        given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
        try {
            long end = at;
            for (ByteBuffer buffer : buffers) {
                if (buffer.remaining() > bytesMax - end) {
                    out.truncate(0);
                    throw Refusals.files("the hub sends more than the expected %d bytes", bytesMax);
                }
                while (buffer.hasRemaining()) end += out.write(buffer, end);
            }
            at = end;
            meter.accept(end);
            subscription.request(1);
        } catch (IOException | RuntimeException e) {
            subscription.cancel();
            done.completeExceptionally(e);
        }
    }

    @Override
    public void onError(Throwable error) {
        done.completeExceptionally(error);
    }

    @Override
    public void onComplete() {
        done.complete(at);
    }
}
