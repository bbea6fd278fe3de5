package dev.redoubt.engine.canary;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.EmbeddingListener;
import dev.redoubt.base.generation.EmbeddingRequest;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.base.generation.Usage;
import dev.redoubt.engine.EmbeddingEngine;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.WatchedEngine;
import java.time.Duration;
import java.util.ArrayList;
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

/// What a model made of the reference text, and how it went on: for each token but the first its log
/// probability and the id that was more likely than all others; of a model that embeds, the vector (V6.2).
///
/// Every provider of kernels gives the same bits at any batch size and on any number of threads, so two
/// readings of the same weights are equal to the bit, and one that differs in a bit is of other weights, of
/// damaged memory or of a wrong kernel. The text goes through the model as one batch of rows, the answer row by
/// row: both ways that a matrix is multiplied take part.
///
/// @param kvFormat what the KV cache holds: it is part of the arithmetic
/// @param textTokens how many of `ids` are the text's; the others are the answer's
/// @param ids of text and answer
/// @param logprobs natural logarithms, one for each id but the first
/// @param top1 the most likely id at the same places
/// @param answer what the answer's ids say
/// @param vector of the text, where the model embeds: then there are neither log probabilities nor an answer
@SuppressWarnings("ArrayRecordComponent") // compared by `difference`, to the bit
public record CanaryReading(
        String kvFormat, int textTokens, int[] ids, float[] logprobs, int[] top1, String answer, float[] vector) {
    static final int TEXT_TOKENS_MAX = 64;
    static final int ANSWER_TOKENS_MAX = 12;
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    /// Its own scope of the prefix cache, and its own share beside those of callers.
    private static final Caller CALLER = new Caller("", "canary", Optional.empty());

    /// Of a model that generates.
    CanaryReading(String kvFormat, int textTokens, int[] ids, float[] logprobs, int[] top1, String answer) {
        this(kvFormat, textTokens, ids, logprobs, top1, answer, new float[0]);
    }

    /// Whether it is of a model that embeds.
    public boolean embeds() {
        return vector.length > 0;
    }

    /// Has an engine read the text, beside whatever it does. Blocks; not to be called by a listener.
    ///
    /// @throws ServeException if the engine refuses or cannot compute it
    public static CanaryReading of(WatchedEngine engine) throws InterruptedException {
        return switch (engine) {
            case Engine generating -> logprobs(generating);
            case EmbeddingEngine embedding -> vector(embedding);
        };
    }

    private static CanaryReading vector(EmbeddingEngine engine) throws InterruptedException {
        int[] text = engine.tokenize(ReferenceText.upTo(engine.limits().promptCodePointsMax()));
        int[] ids = beginning(text, engine.card().contextTokensMax());
        CompletableFuture<float[]> read = new CompletableFuture<>();
        EmbeddingListener listener = new EmbeddingListener() {
            @Override
            public void embedded(List<float[]> vectors, Usage usage) {
                read.complete(vectors.getFirst());
            }

            @Override
            public void failed(ServeException error, Usage usage) {
                read.completeExceptionally(error);
            }
        };
        engine.embed(
                new EmbeddingRequest(CALLER, List.of(prompt(ids)), OptionalInt.empty(), deadlineNanos()), listener);
        String format = engine.runtime().kvFormat();
        return new CanaryReading(format, ids.length, ids, new float[0], new int[0], "", await(read));
    }

    private static CanaryReading logprobs(Engine engine) throws InterruptedException {
        int answerTokens = Math.min(ANSWER_TOKENS_MAX, engine.limits().maxTokensMax());
        int[] text = engine.tokenize(ReferenceText.upTo(engine.limits().promptCodePointsMax()));
        int[] ids = beginning(text, engine.card().contextTokensMax() - answerTokens);
        CompletableFuture<Collected> read = new CompletableFuture<>();
        Collected collected = new Collected();
        engine.generate(request(ids, answerTokens), event -> {
            switch (event) {
                case GenerationEvent.Started started -> collected.tokens.addAll(started.promptLogprobs());
                case GenerationEvent.Delta(int _, String more, List<Integer> _, List<TokenLogprob> tokens) -> {
                    collected.tokens.addAll(tokens);
                    collected.answer.append(more);
                }
                case GenerationEvent.Completed _ -> read.complete(collected);
                case GenerationEvent.Failed failed -> read.completeExceptionally(failed.error());
                case GenerationEvent.Finished finished ->
                    cutShort(finished.reason()).ifPresent(read::completeExceptionally);
            }
        });
        return await(read).reading(engine.runtime().kvFormat(), ids);
    }

    /// A reading that ends before its time says nothing about the model: a machine may have stood still for minutes.
    static Optional<ServeException> cutShort(FinishReason reason) {
        return switch (reason) {
            case STOP, LENGTH -> Optional.empty();
            case DEADLINE -> Optional.of(ServeException.of(ErrorCode.DEADLINE_EXCEEDED, PATIENCE.toSeconds()));
            case CANCELLED -> Optional.of(ServeException.of(ErrorCode.CANCELLED));
            case ERROR -> Optional.of(ServeException.of(ErrorCode.INTERNAL));
        };
    }

    private static int[] beginning(int[] text, int room) {
        return Arrays.copyOf(text, Math.min(Math.min(text.length, TEXT_TOKENS_MAX), room));
    }

    private static Prompt prompt(int[] ids) {
        return new Prompt.Tokens(Arrays.stream(ids).boxed().toList());
    }

    private static long deadlineNanos() {
        return TimeSource.system().nanos() + PATIENCE.toNanos();
    }

    private static <T> T await(CompletableFuture<T> read) throws InterruptedException {
        try {
            return read.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ServeException refused) throw refused;
            throw ServeException.of(ErrorCode.INTERNAL);
        }
    }

    /// What the events brought, of the thread that tells them until the last one.
    private static final class Collected {
        private final List<TokenLogprob> tokens = new ArrayList<>();
        private final StringBuilder answer = new StringBuilder();

        CanaryReading reading(String kvFormat, int[] text) {
            int[] ids = Arrays.copyOf(text, tokens.size() + 1);
            float[] logprobs = new float[tokens.size()];
            int[] top1 = new int[tokens.size()];
            for (int i = 0; i < logprobs.length; i++) {
                TokenLogprob token = tokens.get(i);
                ids[i + 1] = token.tokenId();
                logprobs[i] = token.logprob();
                top1[i] = token.top().getFirst().tokenId();
            }
            return new CanaryReading(kvFormat, text.length, ids, logprobs, top1, answer.toString());
        }
    }

    private static GenerationRequest request(int[] ids, int answerTokens) {
        SamplingParams greedyWithLogprobs = new SamplingParams(
                0,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.empty(),
                answerTokens,
                false,
                answerTokens,
                List.of(),
                Set.of(),
                true,
                OptionalInt.of(1),
                OptionalInt.of(1));
        return new GenerationRequest(CALLER, prompt(ids), greedyWithLogprobs, List.of(), 1, deadlineNanos());
    }

    /// Where another reading of the same model differs; empty if it is equal to the bit.
    public Optional<String> difference(CanaryReading other) {
        for (int i = 0; i < Math.min(logprobs.length, other.logprobs.length); i++) {
            boolean sameBits = Float.floatToRawIntBits(logprobs[i]) == Float.floatToRawIntBits(other.logprobs[i]);
            if (sameBits && ids[i + 1] == other.ids[i + 1] && top1[i] == other.top1[i]) continue;
            return Optional.of(String.format(
                    Locale.ROOT,
                    "token %d of %d: id %d with log probability %s (bits %08x) where %d is the most likely,"
                            + " in the reference id %d with %s (bits %08x) and %d",
                    i + 1,
                    logprobs.length,
                    other.ids[i + 1],
                    other.logprobs[i],
                    Float.floatToRawIntBits(other.logprobs[i]),
                    other.top1[i],
                    ids[i + 1],
                    logprobs[i],
                    Float.floatToRawIntBits(logprobs[i]),
                    top1[i]));
        }
        return logprobs.length == other.logprobs.length
                ? differenceOfVectors(other)
                : Optional.of(other.logprobs.length + " tokens were read, in the reference " + logprobs.length);
    }

    private Optional<String> differenceOfVectors(CanaryReading other) {
        if (vector.length != other.vector.length)
            return Optional.of("a vector of " + other.vector.length + ", in the reference of " + vector.length);
        if (embeds() && !Arrays.equals(ids, other.ids)) return Optional.of("other ids of the same text");
        for (int i = 0; i < vector.length; i++)
            if (Float.floatToRawIntBits(vector[i]) != Float.floatToRawIntBits(other.vector[i]))
                return Optional.of(String.format(
                        Locale.ROOT,
                        "number %d of %d of the vector: %s (bits %08x), in the reference %s (bits %08x)",
                        i + 1,
                        vector.length,
                        other.vector[i],
                        Float.floatToRawIntBits(other.vector[i]),
                        vector[i],
                        Float.floatToRawIntBits(vector[i])));
        return Optional.empty();
    }
}
