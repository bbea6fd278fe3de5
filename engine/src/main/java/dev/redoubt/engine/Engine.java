package dev.redoubt.engine;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationListener;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.kvcache.BlockMemory;
import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.engine.kvcache.CacheScope;
import dev.redoubt.engine.kvcache.PrefixKeys;
import dev.redoubt.engine.lora.AdapterRows;
import dev.redoubt.engine.schedule.NgramDrafter;
import dev.redoubt.engine.schedule.Scheduler;
import dev.redoubt.engine.schedule.SchedulerLimits;
import dev.redoubt.engine.schedule.Sequence;
import dev.redoubt.engine.schedule.Speculation;
import dev.redoubt.engine.schedule.StepPace;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// One model, one loop. Works in a plain Java program: no server needed.
public final class Engine implements LanguageModel, WatchedEngine {
    /* A request's way over threads: caller (check, count) → engine-input (template, tokens) → engine-loop (steps) →
     * engine-output (text, events). Each hands over through one queue and never waits for the next. */

    /// What an engine is made of, so that tests can put their own in.
    ///
    /// @param card its context is the engine's
    /// @param endOfSequence tokens that end a text
    /// @param kvBlocks how many there are behind `memory`
    /// @param runtime for the operator
    /// @param description one line for people
    /// @param adapters in the order of their indices
    /// @param resources closed last, after loop and threads have ended
    record Parts(
            ModelCard card,
            TextCodec text,
            StepRunner runner,
            BlockMemory memory,
            int kvBlocks,
            Set<Integer> endOfSequence,
            ModelRuntime runtime,
            String description,
            List<ModelCard> adapters,
            Runnable resources) {}

    /// How much stays in the prefix cache that nobody uses; more is memory that never comes back.
    private static final int IDLE_CONTEXTS_MAX = 4;

    private final EngineOptions options;
    private final Parts parts;
    private final TimeSource time;
    private final RequestCheck check;
    private final PrefixKeys scopes;
    private final PrefixSharing sharing;
    private final SecureRandom random = new SecureRandom();
    private final AtomicLong ids = new AtomicLong(random.nextLong() >>> 2); // engines of one process do not share ids
    private final AtomicLong sequenceIds = new AtomicLong();
    private final AtomicInteger ongoing = new AtomicInteger(); // as many as are in live, or about to be
    private final AtomicInteger waiting = new AtomicInteger(); // requests that have not computed anything yet
    private final Set<LiveRequest> live = ConcurrentHashMap.newKeySet(); // until the final event
    private final InputThreads input;
    private final EngineLoop loop;
    private final OutputThread output;
    private final CanaryCount canary = new CanaryCount();
    private volatile boolean closed;

    /// Loads the model, sizes the KV pool against the machine, starts the loop. Owns the artifact from then on.
    ///
    /// @throws dev.redoubt.trust.ArtifactException if the artifact is not what its architecture expects
    /// @throws StartRefusal if the machine has too little memory for it
    public static Engine open(VerifiedArtifact artifact, EngineOptions options, TimeSource time) {
        return open(artifact, List.of(), options, time);
    }

    /// The same with adapters, which are read while it loads and stay the caller's: each is a model of its own, see
    /// [#adapters].
    ///
    /// @throws dev.redoubt.trust.ArtifactException if one does not fit, or belongs to another base
    public static Engine open(
            VerifiedArtifact artifact, List<VerifiedArtifact> adapters, EngineOptions options, TimeSource time) {
        return new Engine(options, EngineParts.load(artifact, adapters, options, OptionalLong.empty(), time), time);
    }

    /// The same within a bound of memory: weights, those of adapters too, activations of the largest step and KV
    /// pool together take no more.
    ///
    /// @throws StartRefusal with the numbers, if they do not fit
    public static Engine open(VerifiedArtifact artifact, EngineOptions options, long memoryBytesMax, TimeSource time) {
        return open(artifact, List.of(), options, memoryBytesMax, time);
    }

    /// The same with adapters.
    public static Engine open(
            VerifiedArtifact artifact,
            List<VerifiedArtifact> adapters,
            EngineOptions options,
            long memoryBytesMax,
            TimeSource time) {
        Parts parts = EngineParts.load(artifact, adapters, options, OptionalLong.of(memoryBytesMax), time);
        return new Engine(options, parts, time);
    }

    /// What [#open] would make of the artifact, without memory for weights. The artifact stays the caller's.
    ///
    /// @throws dev.redoubt.trust.ArtifactException if the artifact is not what its architecture expects
    public static ModelCard describe(VerifiedArtifact artifact, EngineOptions options, TimeSource time) {
        return EngineParts.describe(artifact, options, time);
    }

    /// Starts the threads.
    Engine(EngineOptions options, Parts parts, TimeSource time) {
        this.options = options;
        this.parts = parts;
        this.time = time;
        int context = parts.card().contextTokensMax();
        this.check = new RequestCheck(options.limits(), context, parts.card().vocabularySize());
        BlockPool pool =
                new BlockPool(parts.kvBlocks(), IDLE_CONTEXTS_MAX * BlockPool.blocksFor(context), parts.memory());
        this.sharing = options.prefixSharing();
        this.scopes = new PrefixKeys(parts.card().digest(), random);
        SchedulerLimits limits = new SchedulerLimits(
                options.sequencesMax(),
                options.batchedTokensMax(),
                options.prefillTokensMax(),
                context,
                options.limits().maxTokensMax());
        StepPace pace = new StepPace(options.prefillTokensMax());
        Speculation speculation = options.speculative() ? new Speculation(new NgramDrafter(), pace) : null;
        Scheduler scheduler =
                new Scheduler(limits, pool, options.prefixSharing() == PrefixSharing.OFF ? null : scopes, speculation);
        EngineLoop.Settings settings = new EngineLoop.Settings(
                options.batchedTokensMax(), options.sequencesMax(), context, parts.endOfSequence());
        this.loop = new EngineLoop(settings, scheduler, pool, parts.runner(), pace, new LoopNews(), time);
        this.output = new OutputThread(parts.text()::newStreamDecoder, time, loop, this::ended);
        this.input = new InputThreads(options.ongoingMax());
        output.start();
        loop.start();
    }

    @Override
    public ModelCard card() {
        return parts.card();
    }

    /// The last reading of the loop, with what has not reached it yet.
    @Override
    public ModelStats stats() {
        ModelStats read = loop.stats();
        return new ModelStats(
                read.requestsRunning(),
                read.requestsWaiting() + input.backlog(),
                read.kvBlocksTotal(),
                read.kvBlocksUsed(),
                read.steps(),
                read.stepNanos(),
                read.forwardNanos(),
                read.preemptions(),
                read.promptTokens(),
                read.promptTokensCached(),
                read.generationTokens(),
                read.prefixCacheQueries(),
                read.prefixCacheHits(),
                read.drafts(),
                read.draftedTokens(),
                read.acceptedTokens(),
                canary.readings(),
                canary.failures());
    }

    /// What a request may ask for.
    public RequestLimits limits() {
        return options.limits();
    }

    @Override
    public void canaryPassed() {
        canary.passed();
    }

    @Override
    public void withdraw() {
        canary.failed();
        for (LiveRequest request : List.copyOf(live)) cancel(request);
    }

    @Override
    public synchronized Optional<String> changedWeights() { // not while it is being closed
        return closed ? Optional.empty() : parts.runner().changedWeights();
    }

    @Override
    public boolean withdrawn() {
        return canary.withdrawn();
    }

    @Override
    public boolean closed() {
        return closed;
    }

    private void cancel(LiveRequest request) {
        if (request.cancelled.compareAndSet(false, true)) loop.cancel(request);
    }

    /// A model for each adapter, which this engine computes; they end with it.
    public List<LanguageModel> adapters() {
        List<LanguageModel> models = new ArrayList<>();
        for (int i = 0; i < parts.adapters().size(); i++)
            models.add(new AdapterModel(this, i, parts.adapters().get(i)));
        return List.copyOf(models);
    }

    @Override
    public Generation generate(GenerationRequest request, GenerationListener listener) {
        return generate(request, AdapterRows.NONE, listener);
    }

    /// @param adapter index, or [AdapterRows#NONE]
    Generation generate(GenerationRequest request, int adapter, GenerationListener listener) {
        if (closed) throw ServeException.of(ErrorCode.SHUTTING_DOWN);
        if (withdrawn()) throw ServeException.of(ErrorCode.MODEL_WITHDRAWN);
        check.check(request);
        if (request.prompt() instanceof Prompt.Chat && !parts.text().chat())
            throw ServeException.of(ErrorCode.NO_CHAT_TEMPLATE, card().name());
        int before =
                ongoing.getAndIncrement(); // until its last event is told: a listener that blocks lets no answers pile
        // up
        if (before >= options.ongoingMax()) {
            ongoing.decrementAndGet();
            throw ServeException.of(ErrorCode.QUEUE_FULL, before, options.ongoingMax());
        }
        waiting.incrementAndGet();
        LiveRequest accepted = new LiveRequest(
                ids.getAndIncrement(),
                request.caller(),
                request.sampling(),
                request.routeStops(),
                request.choices(),
                adapter,
                time.nanos(),
                request.deadlineNanos(),
                listener);
        live.add(accepted);
        boolean queued = input.offer(() -> prepare(accepted, request.prompt()));
        boolean refused = !queued || closed;
        if (refused && ended(accepted)) { // else closing is ending it, by an event
            waiting.decrementAndGet();
            throw closed
                    ? ServeException.of(ErrorCode.SHUTTING_DOWN)
                    : ServeException.of(ErrorCode.QUEUE_FULL, before, options.ongoingMax());
        }
        if (withdrawn()) cancel(accepted); // came in while it was
        return new Generation() {
            @Override
            public long id() {
                return accepted.id;
            }

            @Override
            public void cancel() {
                Engine.this.cancel(accepted);
            }
        };
    }

    @Override
    public int[] tokenize(String text) {
        check.text("prompt", text);
        return input.call(() -> parts.text().encode(text));
    }

    @Override
    public int[] tokenize(List<ChatMessage> messages) {
        check.messages(messages);
        return input.call(() -> parts.text().encode(messages));
    }

    @Override
    public String detokenize(int[] tokenIds) {
        for (int id : tokenIds) check.tokenId("tokens", id);
        return input.call(() -> parts.text().decode(tokenIds));
    }

    @Override
    public String tokenText(int tokenId) {
        return new String(tokenBytes(tokenId), StandardCharsets.UTF_8);
    }

    @Override
    public byte[] tokenBytes(int tokenId) {
        check.tokenId("tokens", tokenId);
        return parts.text().bytes(tokenId);
    }

    /// What the chat template makes of the messages, with the prompt for the next answer.
    ///
    /// @throws ServeException if there is no template or it refuses the messages
    public String render(List<ChatMessage> messages) {
        check.messages(messages);
        return parts.text().render(messages);
    }

    @Override
    public ModelRuntime runtime() {
        return parts.runtime();
    }

    @Override
    public CacheClearing clearCache(String tenant) {
        if (closed) return CacheClearing.NOTHING; // everything is zeroed
        return loop.clearCache(tenant).join();
    }

    /// Kernels, threads, pool size: one line for people.
    public String description() {
        return parts.description();
    }

    /// Ends every request with an error, stops the loop, zeroes and frees the pool. Waits for the step in
    /// progress; not to be called by a listener.
    @Override
    public synchronized void close() {
        if (closed) return;
        closed = true;
        try {
            input.stop();
            loop.stop();
            for (LiveRequest request : List.copyOf(live))
                if (ended(request)) fail(request, ServeException.of(ErrorCode.SHUTTING_DOWN));
            output.stop();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt(); // the threads may still run: memory must not go from under them
            return;
        }
        parts.resources().run();
    }

    /// On engine-input: tokens, then over to the loop.
    private void prepare(LiveRequest request, Prompt prompt) {
        try {
            int[] ids = encode(prompt);
            check.tokens(prompt instanceof Prompt.Chat ? "messages" : "prompt", ids.length, request.sampling);
            request.promptIds = ids;
            request.sampling = check.fitted(ids.length, request.sampling);
            CacheScope scope = scope(request);
            List<Choice> choices = new ArrayList<>();
            for (int i = 0; i < request.choiceCount; i++) {
                boolean readsCache = i > 0 || request.sampling.promptLogprobs().isEmpty();
                Sequence sequence = new Sequence(
                        sequenceIds.getAndIncrement(),
                        scope,
                        ids,
                        request.sampling.maxTokens(),
                        request.deadlineNanos,
                        readsCache);
                if (TokenPicker.picksAhead(request.sampling)) sequence.allowDrafts();
                long seed = seed(request, i);
                TokenPicker picker = new DeferredPicker(() -> parts.runner().newPicker(request.sampling, seed, ids));
                choices.add(new Choice(request, i, sequence, picker));
            }
            request.choices = List.copyOf(choices);
            loop.submit(request);
        } catch (ServeException refusal) {
            refuse(request, refusal);
        } catch (RuntimeException | Error fault) {
            Faults.log(request.id, fault);
            refuse(request, ServeException.of(ErrorCode.INTERNAL));
        }
    }

    private CacheScope scope(LiveRequest request) {
        CacheScope callers = sharing.scope(scopes, request.caller);
        return request.adapter == AdapterRows.NONE
                ? callers
                : callers.withAdapter(parts.adapters().get(request.adapter).digest());
    }

    /// What the loop tells goes to engine-output.
    private final class LoopNews implements LoopListener {
        @Override
        public void leftQueue(LiveRequest request) {
            waiting.decrementAndGet();
        }

        @Override
        public void changed(LiveRequest request) {
            output.changed(request);
        }

        @Override
        public void stepDone() {
            output.wake();
        }
    }

    /// @return whether this call ended it, and not another before
    private boolean ended(LiveRequest request) {
        boolean first = live.remove(request);
        if (first) ongoing.decrementAndGet();
        return first;
    }

    private void refuse(LiveRequest request, ServeException error) {
        waiting.decrementAndGet();
        fail(request, error);
    }

    private void fail(LiveRequest request, ServeException error) {
        request.failed(error);
        output.changed(request);
        output.wake();
    }

    private int[] encode(Prompt prompt) {
        return switch (prompt) {
            case Prompt.Text text -> parts.text().encode(text.text());
            case Prompt.Chat chat -> parts.text().encode(chat.messages());
            case Prompt.Tokens tokens ->
                tokens.ids().stream().mapToInt(Integer::intValue).toArray();
        };
    }

    /// Each choice draws from a stream of its own: SplitMix64's finalizer over seed and index.
    private long seed(LiveRequest request, int choice) {
        if (request.sampling.seed().isEmpty()) return random.nextLong();
        long mixed = request.sampling.seed().getAsLong() + choice * 0x9E3779B97F4A7C15L;
        mixed = (mixed ^ (mixed >>> 30)) * 0xBF58476D1CE4E5B9L;
        mixed = (mixed ^ (mixed >>> 27)) * 0x94D049BB133111EBL;
        return mixed ^ (mixed >>> 31);
    }
}
