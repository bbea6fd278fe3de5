package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.base.generation.Usage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// A model whose answers are known beforehand: token `k` of choice `c` is ` w` and `100 * c + k`. Its tokens
/// are the 256 bytes and 4096 words. A prompt may begin with an order: `!hang` (queued for ever), `!break` (a
/// failure after two tokens), `!throw` (a bug with a secret in its message), `!full` (a full queue), `!long`
/// (long tokens), `!late` (ends by the deadline).
final class ScriptedModel implements LanguageModel, AutoCloseable {
    static final String SECRET = "the-secret-of-the-bug";
    static final int VOCABULARY = 256 + 4096;

    private final TimeSource time = TimeSource.system();
    private final String name;
    private final Duration pace;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("scripted-model").factory());
    private final AtomicLong ids = new AtomicLong();
    private final AtomicInteger running = new AtomicInteger();
    final List<GenerationRequest> requests = new CopyOnWriteArrayList<>();
    final List<Long> cancelled = new CopyOnWriteArrayList<>();
    final List<String> cleared = new CopyOnWriteArrayList<>();
    final AtomicLong steps = new AtomicLong();

    /// @param pace time between two tokens; zero: as fast as the thread can
    ScriptedModel(String name, Duration pace) {
        this.name = name;
        this.pace = pace;
    }

    int running() {
        return running.get();
    }

    @Override
    public ModelCard card() {
        return new ModelCard(
                name,
                "00",
                "scripted",
                "none",
                4096,
                VOCABULARY,
                true,
                Optional.empty(),
                Instant.ofEpochSecond(1),
                Optional.empty());
    }

    @Override
    public ModelStats stats() {
        return new ModelStats(running.get(), 0, 100, 25, steps.get(), 0, 0, 0, 0, 0, steps.get(), 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public ModelRuntime runtime() {
        return new ModelRuntime("scripted", 1, "off", "f16", 100, 100, true);
    }

    @Override
    public CacheClearing clearCache(String tenant) {
        cleared.add(tenant);
        return new CacheClearing(3, 1);
    }

    @Override
    public Generation generate(GenerationRequest request, GenerationListener listener) {
        String text = text(request.prompt());
        if (text.startsWith("!throw")) throw new IllegalStateException(SECRET);
        if (text.startsWith("!full")) throw ServeException.of(ErrorCode.QUEUE_FULL, 7, 7);
        int[] tokens = tokenize(text);
        if (tokens.length == 0) throw ServeException.ofField(ErrorCode.EMPTY_PROMPT, "prompt", "prompt");
        requests.add(request);
        Run run = new Run(ids.incrementAndGet(), request, text, tokens, listener);
        running.incrementAndGet();
        run.next(Duration.ZERO);
        return run;
    }

    @Override
    public int[] tokenize(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        int[] tokens = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) tokens[i] = bytes[i] & 0xFF;
        return tokens;
    }

    @Override
    public int[] tokenize(List<ChatMessage> messages) {
        return tokenize(text(new Prompt.Chat(messages)));
    }

    @Override
    public String detokenize(int[] tokenIds) {
        StringBuilder text = new StringBuilder();
        List<Byte> bytes = new ArrayList<>();
        for (int id : tokenIds) for (byte b : tokenBytes(id)) bytes.add(b);
        byte[] all = new byte[bytes.size()];
        for (int i = 0; i < all.length; i++) all[i] = bytes.get(i);
        return text.append(new String(all, StandardCharsets.UTF_8)).toString();
    }

    @Override
    public String tokenText(int tokenId) {
        return new String(tokenBytes(tokenId), StandardCharsets.UTF_8);
    }

    @Override
    public byte[] tokenBytes(int tokenId) {
        return tokenId < 256 ? new byte[] {(byte) tokenId} : (" w" + (tokenId - 256)).getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }

    private String text(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Text text -> text.text();
            case Prompt.Tokens tokens ->
                detokenize(tokens.ids().stream().mapToInt(Integer::intValue).toArray());
            case Prompt.Chat chat -> chat.messages().getLast().content();
        };
    }

    private final class Run implements Generation {
        private final long id;
        private final GenerationRequest request;
        private final String text;
        private final int[] prompt;
        private final GenerationListener listener;
        private final long startNanos = time.nanos();
        private int token = -1;
        private long firstTokenNanos;
        private boolean over;
        private volatile ScheduledFuture<?> timer;

        Run(long id, GenerationRequest request, String text, int[] prompt, GenerationListener listener) {
            this.id = id;
            this.request = request;
            this.text = text;
            this.prompt = prompt;
            this.listener = listener;
            this.timer = thread.schedule(() -> {}, 0, TimeUnit.NANOSECONDS);
        }

        @Override
        public long id() {
            return id;
        }

        @Override
        public void cancel() {
            thread.execute(() -> {
                if (over) return;
                cancelled.add(id);
                timer.cancel(false);
                end(FinishReason.CANCELLED);
            });
        }

        void next(Duration delay) {
            timer = thread.schedule(this::step, delay.toNanos(), TimeUnit.NANOSECONDS);
        }

        private void step() {
            if (over) return;
            steps.incrementAndGet();
            SamplingParams sampling = request.sampling();
            if (token < 0) {
                if (text.startsWith("!hang")) {
                    next(Duration.ofMillis(20));
                    if (time.nanos() > request.deadlineNanos()) end(FinishReason.DEADLINE);
                    return;
                }
                List<TokenLogprob> logprobs = new ArrayList<>();
                if (sampling.promptLogprobs().isPresent())
                    for (int i = 1; i < prompt.length; i++)
                        logprobs.add(
                                logprob(prompt[i], sampling.promptLogprobs().getAsInt()));
                listener.onEvent(new GenerationEvent.Started(prompt.length, 0, logprobs));
                token = 0;
                next(pace);
                return;
            }
            if (time.nanos() > request.deadlineNanos() || text.startsWith("!late") && token == 2) {
                end(FinishReason.DEADLINE);
                return;
            }
            if (text.startsWith("!break") && token == 2) {
                over = true;
                running.decrementAndGet();
                listener.onEvent(new GenerationEvent.Failed(ServeException.of(ErrorCode.INTERNAL), usage(token)));
                return;
            }
            if (firstTokenNanos == 0) firstTokenNanos = time.nanos();
            for (int c = 0; c < request.choices(); c++) {
                int word = 256 + (100 * c + token) % 4096;
                List<TokenLogprob> logprobs = sampling.logprobs().isPresent()
                        ? List.of(logprob(word, sampling.logprobs().getAsInt()))
                        : List.of();
                String out = text.startsWith("!long") ? tokenText(word) + "x".repeat(4000) : tokenText(word);
                listener.onEvent(new GenerationEvent.Delta(c, out, List.of(word), logprobs));
            }
            token++;
            if (token == sampling.maxTokens()) end(FinishReason.LENGTH);
            else next(pace);
        }

        private void end(FinishReason reason) {
            over = true;
            running.decrementAndGet();
            int tokens = Math.max(0, token);
            for (int c = 0; c < request.choices(); c++)
                listener.onEvent(new GenerationEvent.Finished(c, reason, tokens));
            listener.onEvent(new GenerationEvent.Completed(usage(tokens * request.choices())));
        }

        private Usage usage(int tokens) {
            long now = time.nanos();
            return new Usage(
                    prompt.length,
                    0,
                    tokens,
                    1000,
                    firstTokenNanos == 0 ? 0 : firstTokenNanos - startNanos,
                    now - startNanos);
        }

        private TokenLogprob logprob(int token, int top) {
            List<TokenLogprob.Alternative> alternatives = new ArrayList<>();
            for (int i = 0; i < top; i++)
                alternatives.add(new TokenLogprob.Alternative((token + i) % VOCABULARY, -0.5f - i));
            return new TokenLogprob(token, -0.5f, 1, alternatives);
        }
    }
}
