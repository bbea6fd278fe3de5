package dev.redoubt.engine.canary;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.engine.Engine;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/// What a model made of the reference text: for each token but the first its log probability and the id that was more
/// likely than all others.
///
/// Every provider of kernels gives the same bits at any batch size and on any number of threads, so two readings of the
/// same weights are equal to the bit, and one that differs in a bit is of other weights, of damaged memory or of a wrong
/// kernel.
///
/// @param kvFormat what the KV cache holds: it is part of the arithmetic
/// @param ids of the text
/// @param logprobs natural logarithms, one for each id but the first
/// @param top1 the most likely id at the same places
@SuppressWarnings("ArrayRecordComponent") // compared by `difference`, to the bit
public record CanaryReading(String kvFormat, int[] ids, float[] logprobs, int[] top1) {
    private static final int TOKENS_MAX = 256;
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    /// Its own scope of the prefix cache, and its own share beside those of callers.
    private static final Caller CALLER = new Caller("", "canary", Optional.empty());

    /// Has an engine read the text, beside whatever it does. Blocks; not to be called by a listener.
    ///
    /// @throws ServeException if the engine refuses or cannot compute it
    public static CanaryReading of(Engine engine) throws InterruptedException {
        int[] text = engine.tokenize(ReferenceText.TEXT);
        int room = engine.card().contextTokensMax() - 1; // one more is generated
        int[] ids = Arrays.copyOf(text, Math.min(Math.min(text.length, TOKENS_MAX), room));
        List<TokenLogprob> scored = scored(engine, ids);
        float[] logprobs = new float[scored.size()];
        int[] top1 = new int[scored.size()];
        for (int i = 0; i < logprobs.length; i++) {
            logprobs[i] = scored.get(i).logprob();
            top1[i] = scored.get(i).top().getFirst().tokenId();
        }
        return new CanaryReading(engine.runtime().kvFormat(), ids, logprobs, top1);
    }

    private static List<TokenLogprob> scored(Engine engine, int[] ids) throws InterruptedException {
        CompletableFuture<List<TokenLogprob>> read = new CompletableFuture<>();
        GenerationRequest request = new GenerationRequest(
                CALLER,
                new Prompt.Tokens(Arrays.stream(ids).boxed().toList()),
                scoring(),
                List.of(),
                1,
                TimeSource.system().nanos() + PATIENCE.toNanos());
        engine.generate(request, event -> {
            switch (event) {
                case GenerationEvent.Started started -> read.complete(started.promptLogprobs());
                case GenerationEvent.Failed failed -> read.completeExceptionally(failed.error());
                case GenerationEvent.Delta _, GenerationEvent.Finished _, GenerationEvent.Completed _ -> {}
            }
        });
        try {
            return read.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ServeException refused) throw refused;
            throw ServeException.of(ErrorCode.INTERNAL);
        }
    }

    private static SamplingParams scoring() {
        return new SamplingParams(
                0,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.empty(),
                1,
                false,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.empty(),
                OptionalInt.of(1));
    }

    /// Where another reading of the same model differs; empty if it is equal to the bit.
    public Optional<String> difference(CanaryReading other) {
        if (!kvFormat.equals(other.kvFormat))
            return Optional.of("the KV cache holds " + other.kvFormat + ", the reference was made with " + kvFormat);
        if (!Arrays.equals(ids, other.ids)) return Optional.of("the text has other tokens");
        for (int i = 0; i < logprobs.length; i++) {
            if (Float.floatToIntBits(logprobs[i]) != Float.floatToIntBits(other.logprobs[i]))
                return Optional.of(String.format(
                        Locale.ROOT,
                        "token %d of %d has the log probability %s, the reference is %s",
                        i + 1,
                        ids.length,
                        other.logprobs[i],
                        logprobs[i]));
            if (top1[i] != other.top1[i])
                return Optional.of("at token " + (i + 1) + " the most likely id is " + other.top1[i]
                        + ", the reference is " + top1[i]);
        }
        return Optional.empty();
    }
}
