package dev.redoubt.runtime.llm;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.ModelStats;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenBound;
import dev.redoubt.engine.Engine;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.language.Conversation;
import dev.redoubt.serve.replica.LanguageServant;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/// One engine as a replica, or one deployment's share of the server's.
final class LlmServant implements LanguageServant {
    private static final Logger LOG = LoggerFactory.getLogger(LlmServant.class);

    private final String place;
    private final Engine engine;
    private final Hold hold;
    private final LlmHost host;
    private final RequestLimits limits;
    private final Set<PieceRun> running = ConcurrentHashMap.newKeySet();
    private long stepsSeen = -1; // guarded by this; of the last probe that found requests running
    private volatile boolean closed;

    /// Whose the engine is.
    enum Hold {
        /// This servant's alone, which closes it.
        OWN,
        SHARED
    }

    LlmServant(String place, Engine engine, Hold hold, LlmHost host, RequestLimits limits) {
        this.place = place;
        this.engine = engine;
        this.hold = hold;
        this.host = host;
        this.limits = limits;
    }

    @Override
    public LanguageModel model() {
        return engine;
    }

    /// Of an engine of its own: nothing is taken after its start but the heap that requests in progress have,
    /// which are bounded.
    @Override
    public String limits() {
        ModelRuntime runtime = engine.runtime();
        if (hold == Hold.SHARED) return "the server's own engine, shared with others";
        return "memory reserved at its start, %d bytes, of them the KV pool %d; %d compute threads"
                .formatted(runtime.memoryBytes(), runtime.kvBytes(), runtime.threads());
    }

    @Override
    public void reconfigure(JsonNode userConfig) {
        if (!userConfig.isEmpty())
            throw new IllegalArgumentException(place + " takes no user configuration: remove it");
    }

    /// @throws IOException if the canary has failed, or the loop has made no step since the last probe, and had
    /// something to do
    @Override
    public synchronized void healthCheck() throws IOException {
        if (engine.withdrawn())
            throw new IOException(
                    "the model computes otherwise than it did in a trusted run: see the audit log (V6.2)");
        ModelStats stats = engine.stats();
        boolean busy = stats.requestsRunning() > 0;
        boolean stuck = busy && stats.steps() == stepsSeen;
        stepsSeen = busy ? stats.steps() : -1;
        if (stuck)
            throw new IOException(
                    "no step since the last probe, with " + stats.requestsRunning() + " requests running");
    }

    @Override
    public void call(Payload input, Call call, ReplyListener replies) {
        if (closed) throw ServeException.of(ErrorCode.SHUTTING_DOWN);
        if (call.keyId().isEmpty()) { // a batch of several keys': nobody's tokens would pay for it
            LOG.error("{} is called for several keys at once: call it for each input alone", place);
            throw ServeException.of(ErrorCode.INTERNAL);
        }
        GenerationRequest request = request((Conversation) input.as(LlmRuntime.Types.INPUT), call);
        LlmHost.TokenMeter meter = host.reserve(call.keyId(), most(request));
        PieceRun run = new PieceRun(replies, meter, limits.requestTimeout(), running::remove);
        running.add(run);
        try {
            run.start(engine, request, call.cancellation());
        } catch (RuntimeException refused) {
            running.remove(run);
            meter.used(0);
            throw refused;
        }
        if (closed) run.lose(); // came in while it closed
    }

    private long most(GenerationRequest request) {
        return TokenBound.of(request.prompt(), engine.card().contextTokensMax())
                + request.sampling().maxTokens();
    }

    private GenerationRequest request(Conversation asked, Call call) {
        List<ChatMessage> messages = asked.messages().stream()
                .map(message -> new ChatMessage(role(message.role()), message.content()))
                .toList();
        SamplingParams sampling = new SamplingParams(
                asked.temperature().orElse(limits.temperatureDefault()),
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                asked.seed().map(OptionalLong::of).orElse(OptionalLong.empty()),
                asked.maxTokens().orElse(limits.maxTokensDefault()),
                asked.maxTokens().isEmpty(),
                0,
                List.of(),
                Set.of(),
                false,
                OptionalInt.empty(),
                OptionalInt.empty());
        Caller caller = new Caller(call.application(), call.keyId(), Optional.empty());
        return new GenerationRequest(caller, new Prompt.Chat(messages), sampling, List.of(), 1, call.deadlineNanos());
    }

    private static String role(String role) {
        if (Set.of("system", "user", "assistant").contains(role)) return role;
        throw ServeException.ofField(
                ErrorCode.OUT_OF_RANGE, "messages.role", "messages.role", "another word", "system, user or assistant");
    }

    @Override
    public void close() {
        closed = true;
        running.forEach(PieceRun::lose);
        if (hold == Hold.OWN) engine.close();
    }
}
