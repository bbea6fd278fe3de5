package dev.redoubt.runtime.llm;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.language.Piece;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// One generation for a stage of an application: its events as pieces.
final class PieceRun implements GenerationListener {
    /* The engine's output thread must not wait, and a reader of pieces may: a thread of the run's own takes the events and gives them
     * on. What waits is bounded by the tokens of one answer. */
    private final ReplyListener replies;
    private final LlmHost.TokenMeter meter;
    private final Duration limit;
    private final Consumer<PieceRun> whenOver;
    private final BlockingQueue<GenerationEvent> events = new LinkedBlockingQueue<>();
    private @Nullable FinishReason reason; // of the run's own thread
    private volatile @Nullable Generation generation;
    private volatile boolean cancelled;
    private volatile boolean lost;

    /// @param limit what a request has, for the message
    PieceRun(ReplyListener replies, LlmHost.TokenMeter meter, Duration limit, Consumer<PieceRun> whenOver) {
        this.replies = replies;
        this.meter = meter;
        this.limit = limit;
        this.whenOver = whenOver;
    }

    /// @throws ServeException if the model refuses it; the listener is told nothing then
    void start(LanguageModel model, GenerationRequest request, Cancellation cancellation) {
        generation = model.generate(request, this);
        Runnable untie = cancellation.onCancel(this::cancel);
        Thread.ofVirtual().name("llm-pieces").start(() -> run(untie));
        if (cancelled) cancel(); // before there was something to cancel
    }

    void cancel() {
        cancelled = true;
        Generation running = generation;
        if (running != null) running.cancel();
    }

    /// Its replica goes.
    void lose() {
        lost = true;
        cancel();
    }

    @Override
    public void onEvent(GenerationEvent event) {
        events.add(event);
    }

    private void run(Runnable untie) {
        try {
            boolean over = false;
            while (!over) over = give(events.take());
        } catch (InterruptedException nobodyWaits) {
            Thread.currentThread().interrupt();
            cancel();
        } catch (RuntimeException readerLeft) { // as a listener says it
            cancel();
            meter.used(0);
            replies.failed(ServeException.of(ErrorCode.CANCELLED));
        } finally {
            untie.run();
            whenOver.accept(this);
        }
    }

    /// @return whether it was the last one
    private boolean give(GenerationEvent event) {
        switch (event) {
            case GenerationEvent.Delta more -> {
                if (!more.text().isEmpty()) replies.next(item(Piece.of(more.text())));
            }
            case GenerationEvent.Finished one -> reason = one.reason();
            case GenerationEvent.Completed(Usage usage) -> {
                meter.used(usage.promptTokens() + usage.completionTokens());
                end(usage);
                return true;
            }
            case GenerationEvent.Failed(ServeException error, Usage usage) -> {
                meter.used(usage.promptTokens() + usage.completionTokens());
                replies.failed(error);
                return true;
            }
            case GenerationEvent.Started begun -> {}
        }
        return false;
    }

    private void end(Usage usage) {
        FinishReason how = reason;
        if (how == FinishReason.STOP || how == FinishReason.LENGTH) {
            Piece.Usage tokens = new Piece.Usage(usage.promptTokens(), usage.cachedTokens(), usage.completionTokens());
            replies.next(item(Piece.last(how.name().toLowerCase(Locale.ROOT), tokens)));
            replies.completed();
        } else replies.failed(failure(how));
    }

    private ServeException failure(@Nullable FinishReason how) {
        if (how == FinishReason.DEADLINE) return ServeException.of(ErrorCode.DEADLINE_EXCEEDED, limit.toSeconds());
        if (how == FinishReason.CANCELLED)
            return ServeException.of(lost ? ErrorCode.REPLICA_LOST : ErrorCode.CANCELLED);
        return ServeException.of(ErrorCode.INTERNAL);
    }

    private static Payload item(Piece piece) {
        return new Payload.Typed(piece, LlmRuntime.Types.OUTPUT);
    }
}
