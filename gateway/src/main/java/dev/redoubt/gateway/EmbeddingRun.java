package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.EmbeddingListener;
import dev.redoubt.base.generation.EmbeddingModel;
import dev.redoubt.base.generation.EmbeddingRequest;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.TokenBound;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.gateway.openai.EmbeddingReply;
import java.time.Duration;
import java.util.List;

/// The embedding of one request's texts, from its start to the reply.
final class EmbeddingRun {
    /* Threads. `start` runs on whatever thread decoded the request, the listener on one of the model's, rendering on a virtual one, since
     * it may be long. Everything else belongs to the event loop of the exchange. A run ends once: by its vectors, a failure, or the
     * caller's leaving. */
    private static final long NO_TIMER = -1; // 0 is a timer like any other
    /// The model keeps the deadline itself; the edge steps in if it does not.
    private static final Duration DEADLINE_GRACE = Duration.ofSeconds(2);

    private final Exchange exchange;
    private final EmbeddingModel model;
    private final String modelName;
    private final EmbeddingRequest request;
    private final EmbeddingReply format;
    private final long tokensMax; // of all inputs
    private boolean over;
    private long deadlineTimer = NO_TIMER;

    EmbeddingRun(Exchange exchange, ServedModel served, EmbeddingRequest request, EmbeddingReply format) {
        this.exchange = exchange;
        this.model = served.embedding();
        this.modelName = served.label();
        this.request = request;
        this.format = format;
        long tokens = 0;
        for (Prompt input : request.inputs())
            tokens += TokenBound.of(input, model.card().contextTokensMax());
        this.tokensMax = tokens;
    }

    /// @throws ServeException if the request is refused, or the caller has not as many tokens left
    void start() {
        exchange.answeredBy(model.card());
        exchange.reserve(tokensMax);
        Generation begun = model.embed(request, new EmbeddingListener() {
            @Override
            public void embedded(List<float[]> vectors, Usage usage) {
                exchange.onEventLoop(() -> {
                    if (ended(usage)) answer(vectors, usage);
                });
            }

            @Override
            public void failed(ServeException error, Usage usage) {
                exchange.onEventLoop(() -> {
                    if (ended(usage)) exchange.refuse(error);
                });
            }
        });
        exchange.onEventLoop(() -> begun(begun));
    }

    private void begun(Generation generation) {
        if (over) return; // the answer was faster
        Duration left = exchange.services().limits().requestTimeout().plus(DEADLINE_GRACE);
        deadlineTimer = exchange.later(left, () -> {
            if (abandon(generation))
                exchange.refuse(ServeException.of(
                        ErrorCode.DEADLINE_EXCEEDED,
                        exchange.services().limits().requestTimeout().toSeconds()));
        });
        exchange.whenGone(() -> abandon(generation));
    }

    /// What was computed by then nobody can tell, so all that it may have come to is charged.
    ///
    /// @return whether this ended it, and not another before
    private boolean abandon(Generation generation) {
        if (over) return false;
        generation.cancel();
        end(tokensMax);
        return true;
    }

    /// @return whether this ended it, and not another before
    private boolean ended(Usage usage) {
        exchange.services().metrics().embeddingEnded(modelName, usage);
        if (over) return false;
        exchange.used(usage.promptTokens(), 0);
        end(usage.promptTokens());
        return true;
    }

    private void end(long tokens) {
        over = true;
        exchange.services().vertx().cancelTimer(deadlineTimer);
        exchange.charge(tokens);
    }

    private void answer(List<float[]> vectors, Usage usage) {
        Thread.ofVirtual().name("render").start(() -> {
            try {
                exchange.reply(200, "application/json", format.of(model.card().name(), vectors, usage));
            } catch (RuntimeException fault) {
                exchange.fail(fault);
            }
        });
    }
}
