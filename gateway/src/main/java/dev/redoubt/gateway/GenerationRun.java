package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.TokenBound;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.gateway.EventInbox.Item;
import dev.redoubt.gateway.openai.Answer;
import dev.redoubt.gateway.openai.ErrorBody;
import dev.redoubt.gateway.openai.ReplyFormat;
import dev.redoubt.gateway.openai.StreamFormat;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.LongStream;

/// The generations of one request, from their start to the last byte of the reply.
final class GenerationRun {
    /* Threads. `start` runs on a worker. The model's threads only put events into the inbox. Everything else belongs to the
     * event loop of the exchange, where `drain` takes whole batches: one batch, one write.
     *
     * Slow readers. While the socket's write queue is full, nothing is taken from the inbox, so that events pile up there and
     * are merged when the reader comes back. A reader who takes nothing for `stalledReader`, or lets the inbox overflow, is
     * dropped and its generations are cancelled. The model never waits for any of this.
     *
     * Ends. A run ends once: by an answer, a failure, or the caller's leaving. Each way cancels what still runs. */
    private static final long NO_TIMER = -1; // 0 is a timer like any other
    private static final int INBOX_EVENTS_MAX = 16_384;
    /// The model keeps the deadline itself; the edge steps in if it does not.
    private static final Duration DEADLINE_GRACE = Duration.ofSeconds(2);

    private final Exchange exchange;
    private final LanguageModel model;
    private final List<GenerationRequest> requests;
    private final String modelName;
    private final ReplyFormat format;
    private final Optional<StreamFormat> stream; // empty: one whole reply
    private final Answer answer;
    private final EventInbox inbox;
    private final Running running = new Running();
    private final long[] promptTokens; // by prompt: at most, and exactly once it is started
    private final long answerTokensMax; // of all choices together
    private final long[] tokenNanos; // by index of the choice: when its last token came; 0 before the first

    private int promptsRunning;
    private int choicesFinished;
    private int tokensReceived;
    private Optional<FinishReason> broken = Optional.empty();
    private boolean started;
    private boolean over;
    private boolean stalled;
    private long deadlineTimer = NO_TIMER;
    private long pingTimer = NO_TIMER;
    private long stallTimer = NO_TIMER;
    private long wroteNanos;

    GenerationRun(
            Exchange exchange,
            ServedModel served,
            ReplyFormat format,
            Optional<StreamFormat> stream,
            List<GenerationRequest> requests) {
        int prompts = requests.size();
        int choices = requests.getFirst().choices();
        this.requests = requests;
        this.exchange = exchange;
        this.model = served.language();
        this.modelName = served.label();
        this.format = format;
        this.stream = stream;
        this.answer = new Answer(prompts, choices);
        this.tokenNanos = new long[prompts * choices];
        this.promptTokens = requests.stream()
                .mapToLong(
                        request -> TokenBound.of(request.prompt(), model.card().contextTokensMax()))
                .toArray();
        this.answerTokensMax =
                (long) prompts * choices * requests.getFirst().sampling().maxTokens();
        this.promptsRunning = prompts;
        this.inbox = new EventInbox(INBOX_EVENTS_MAX, () -> exchange.onEventLoop(this::drain));
    }

    /// Starts a generation for each prompt, all or none. On a worker thread.
    ///
    /// @throws ServeException if one is refused, or the caller has not as many tokens left; those before it are
    ///     cancelled
    void start() {
        exchange.answeredBy(model.card());
        exchange.reserve(LongStream.of(promptTokens).sum() + answerTokensMax);
        exchange.onEventLoop(() -> exchange.whenGone(this::left));
        try {
            for (int i = 0; i < requests.size(); i++) {
                int prompt = i;
                running.add(model.generate(
                        requests.get(i),
                        event -> inbox.offer(new Item(
                                prompt, event, exchange.services().time().nanos()))));
            }
        } catch (RuntimeException refused) {
            running.cancel();
            throw refused;
        }
        exchange.onEventLoop(this::admitted);
    }

    private void left() {
        running.cancel();
        end();
        for (int i = choicesFinished; i < tokenNanos.length; i++)
            exchange.services().metrics().choiceFinished(modelName, FinishReason.CANCELLED);
    }

    private void admitted() {
        started = true;
        Duration left = exchange.services().limits().requestTimeout().plus(DEADLINE_GRACE);
        deadlineTimer = exchange.later(left, () -> fail(deadlineExceeded()));
        if (stream.isPresent()) keepAlive();
        drain();
    }

    private void drain() {
        try {
            if (started && !over) drainBatch();
        } catch (RuntimeException fault) {
            fail(exchange.internal(fault));
        }
    }

    /// Takes what has come and writes it.
    private void drainBatch() {
        if (inbox.overflown()) {
            dropReader();
            return;
        }
        if (stream.isPresent() && exchange.writeQueueFull()) {
            waitForReader();
            return;
        }
        Batch batch = new Batch();
        for (Item item : inbox.take()) {
            if (over) return;
            handle(item, batch);
        }
        if (over) return;
        batch.flush();
        write(batch.out);
    }

    private void handle(Item item, Batch batch) {
        int prompt = item.prompt();
        switch (item.event()) {
            case GenerationEvent.Started begun -> {
                answer.started(prompt, begun);
                promptTokens[prompt] = begun.promptTokens();
                exchange.charge(LongStream.of(promptTokens).sum() + answerTokensMax);
                stream.ifPresent(format -> {
                    for (int c = 0; c < answer.choicesEach(); c++)
                        format.begin(batch.out, answer, answer.index(prompt, c));
                });
            }
            case GenerationEvent.Delta delta -> {
                int index = answer.index(prompt, delta.choice());
                observe(index, delta.tokenIds().size(), item.atNanos());
                if (stream.isPresent()) batch.add(index, delta);
                else answer.append(index, delta);
            }
            case GenerationEvent.Finished finished -> {
                int index = answer.index(prompt, finished.choice());
                choicesFinished++;
                exchange.services().metrics().choiceFinished(modelName, finished.reason());
                answer.finished(index, finished.reason(), finished.tokens());
                batch.flush();
                if (finished.reason() != FinishReason.STOP && finished.reason() != FinishReason.LENGTH)
                    broken = Optional.of(finished.reason());
                else stream.ifPresent(format -> format.finish(batch.out, answer, index, finished.reason()));
            }
            case GenerationEvent.Completed completed -> {
                batch.flush();
                ended(completed.usage());
                if (broken.isPresent()) {
                    write(batch.take());
                    fail(brokenBy(broken.get()));
                } else if (promptsRunning == 0) complete(batch);
            }
            case GenerationEvent.Failed failed -> {
                batch.flush();
                write(batch.take());
                ended(failed.usage());
                fail(failed.error());
            }
        }
    }

    private void complete(Batch batch) {
        end();
        if (stream.isPresent()) {
            exchange.beginEvents();
            stream.get().end(batch.out, answer);
            batch.out.append(StreamFormat.DONE);
            exchange.endEvents(batch.out, Optional.empty());
        } else { // rendering may be long: thousands of log probabilities
            Thread.ofVirtual().name("render").start(() -> {
                try {
                    exchange.reply(200, "application/json", format.whole(answer));
                } catch (RuntimeException fault) {
                    exchange.fail(fault);
                }
            });
        }
    }

    private void fail(ServeException error) {
        if (over) return;
        end();
        running.cancel();
        if (exchange.answered()) {
            String event = "data: " + ErrorBody.of(error, exchange.errorId(error)) + "\n\n";
            exchange.endEvents(event + StreamFormat.DONE, Optional.of(error));
        } else exchange.refuse(error);
    }

    private void ended(Usage usage) {
        promptsRunning--;
        exchange.services().metrics().generationEnded(modelName, usage);
    }

    private void observe(int index, int tokens, long nanos) {
        if (tokens == 0) return;
        tokensReceived += tokens;
        if (tokenNanos[index] != 0)
            exchange.services().metrics().tokenAfter(modelName, (nanos - tokenNanos[index]) / 1e9 / tokens);
        tokenNanos[index] = nanos;
    }

    private void write(CharSequence events) {
        if (stream.isEmpty() || over || events.isEmpty()) return;
        exchange.beginEvents();
        exchange.write(events);
        wroteNanos = exchange.services().time().nanos();
    }

    private void waitForReader() {
        if (stalled) return;
        stalled = true;
        stallTimer = exchange.later(exchange.services().timeouts().stalledReader(), this::dropReader);
        exchange.whenDrained(() -> {
            stalled = false;
            exchange.services().vertx().cancelTimer(stallTimer);
            drain();
        });
    }

    private void dropReader() {
        if (over) return;
        end();
        running.cancel();
        exchange.abort(ErrorCode.SLOW_READER);
    }

    /// A comment now and then, so that no proxy takes a waiting stream for a dead one.
    private void keepAlive() {
        Duration ping = exchange.services().timeouts().ping();
        wroteNanos = exchange.services().time().nanos();
        pingTimer = exchange.services().vertx().setPeriodic(ping.toMillis(), tick -> {
            long quiet = exchange.services().time().nanos() - wroteNanos;
            if (!stalled && quiet >= ping.toNanos() * 9 / 10) write(": ping\n\n");
        });
    }

    private void end() {
        over = true;
        for (Item item : inbox.take()) { // computed, and nobody was there to take it
            if (item.event() instanceof GenerationEvent.Delta delta)
                tokensReceived += delta.tokenIds().size();
        }
        exchange.used(answer.promptTokens(), tokensReceived);
        if (!inbox.overflown()) exchange.charge(LongStream.of(promptTokens).sum() + tokensReceived);
        for (long timer : new long[] {deadlineTimer, pingTimer, stallTimer})
            exchange.services().vertx().cancelTimer(timer);
    }

    private ServeException brokenBy(FinishReason reason) {
        return switch (reason) {
            case DEADLINE -> deadlineExceeded();
            case CANCELLED ->
                ServeException.after(exchange.services().timeouts().drain(), ErrorCode.SHUTTING_DOWN);
            case STOP, LENGTH, ERROR -> ServeException.of(ErrorCode.INTERNAL);
        };
    }

    private ServeException deadlineExceeded() {
        return ServeException.of(
                ErrorCode.DEADLINE_EXCEEDED,
                exchange.services().limits().requestTimeout().toSeconds());
    }

    /// What one drain has gathered: deltas of one choice that follow each other are one chunk.
    private final class Batch {
        StringBuilder out = new StringBuilder();
        private int index = -1;
        private final StringBuilder text = new StringBuilder();
        private final List<TokenLogprob> logprobs = new ArrayList<>();

        void add(int choice, GenerationEvent.Delta delta) {
            if (choice != index) flush();
            index = choice;
            text.append(delta.text());
            logprobs.addAll(delta.logprobs());
        }

        void flush() {
            if (!text.isEmpty() || !logprobs.isEmpty())
                stream.orElseThrow().more(out, answer, index, text.toString(), List.copyOf(logprobs));
            text.setLength(0);
            logprobs.clear();
        }

        CharSequence take() {
            StringBuilder taken = out;
            out = new StringBuilder();
            return taken;
        }
    }

    /// The handles of what runs. Any thread: one that is added after the cancel is cancelled at once.
    private static final class Running {
        private final List<Generation> generations = new ArrayList<>(); // guarded by this
        private boolean cancelled; // guarded by this

        synchronized void add(Generation generation) {
            if (cancelled) generation.cancel();
            else generations.add(generation);
        }

        synchronized void cancel() {
            cancelled = true;
            generations.forEach(Generation::cancel);
            generations.clear();
        }
    }
}
