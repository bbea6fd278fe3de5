package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.GenerationEvent;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.kvcache.BlockPool;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A step makes no garbage: the bytes that the loop and the compute threads allocate, counted by the JVM.
final class AllocationTest {
    private static final int SEQUENCES = 8;
    private static final int TOKENS = 240;
    private static final int FROM = 20;
    /// Far from the end, so that a listener which is late still reads before anybody is done.
    private static final int TO = 120;
    /// Where the machine is busy, the compiler may need some of it.
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /// Tokens that must lie between two readings for the round to count.
    private static final int TOKENS_SEEN_MIN = SEQUENCES * (TO - FROM) / 2;
    /// What stays of a full block: key (48 bytes), cached block (24), its 16 tokens (80), map node (32), boxed index
    /// (16).
    private static final int CACHE_ENTRY_BYTES_MAX = 200;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(
            value = WeightKind.class,
            names = {"Q8_0", "BF16"})
    void aStepOfGreedyDecodingAllocatesNothing(WeightKind kind) throws Exception {
        try (Engine engine = open(kind, false)) {
            assumeTrue(
                    engine.description().contains("native"),
                    "native kernels are not there; the Java ones make an object for each part of attention");
            assertThat(least(engine, 0, 0)).as("bytes in %d steps", TO - FROM).isZero();
        }
    }

    @Test
    void aStepOfSamplingAllocatesNothing() throws Exception {
        try (Engine engine = open(WeightKind.Q8_0, false)) {
            assumeTrue(engine.description().contains("native"), "native kernels are not there");
            assertThat(least(engine, 0.7, 0)).as("bytes in %d steps", TO - FROM).isZero();
        }
    }

    @Test
    void thePrefixCacheAllocatesItsEntriesAndNothingElse() throws Exception {
        int blocks = SEQUENCES * (TOKENS / BlockPool.BLOCK_TOKENS + 1);
        try (Engine engine = open(WeightKind.Q8_0, true)) {
            assumeTrue(engine.description().contains("native"), "native kernels are not there");
            long most = (long) blocks * CACHE_ENTRY_BYTES_MAX;
            assertThat(least(engine, 0, most)).isPositive().isLessThanOrEqualTo(most);
        }
    }

    /// Bytes of the round that allocated least: the first ones run code that is not compiled yet.
    ///
    /// @param enough no more rounds are needed then
    private long least(Engine engine, double temperature, long enough) throws Exception {
        long least = Long.MAX_VALUE;
        long from = System.nanoTime();
        for (int round = 0; least > enough && System.nanoTime() - from < PATIENCE.toNanos(); round++)
            least = Math.min(least, bytesOfOneRound(engine, temperature, round));
        assertThat(least).as("no round was read as it ran").isLessThan(Long.MAX_VALUE);
        return least;
    }

    /// What the threads allocate between about the 20th and the 120th token of eight sequences.
    ///
    /// Events come late to a listener on a busy machine, many tokens in one, so the engine's own
    /// counts say what was seen; if that was little, or somebody was done, the round does not count.
    ///
    /// @return [Long#MAX_VALUE] if it does not count
    private long bytesOfOneRound(Engine engine, double temperature, int round) throws Exception {
        long[] ids = computingThreads();
        long[] bytes = new long[2];
        long[] generated = new long[2];
        int[] running = new int[1];
        List<Heard> all = new ArrayList<>();
        for (int i = 0; i < SEQUENCES; i++) {
            Heard heard = new Heard();
            all.add(heard);
            boolean last = i == SEQUENCES - 1;
            int[] tokens = {0};
            engine.generate(request(new SplittableRandom(round * 100L + i), temperature), event -> {
                heard.onEvent(event);
                if (!last || !(event instanceof GenerationEvent.Delta delta)) return;
                int before = tokens[0];
                tokens[0] += delta.tokenIds().size();
                if (before < FROM && tokens[0] >= FROM) {
                    bytes[0] = allocated(ids);
                    generated[0] = engine.stats().generationTokens();
                }
                if (before < TO && tokens[0] >= TO) {
                    generated[1] = engine.stats().generationTokens();
                    bytes[1] = allocated(ids);
                    running[0] = engine.stats().requestsRunning();
                }
            });
        }
        for (Heard heard : all) heard.last.get(1, TimeUnit.MINUTES);
        boolean asItRan = generated[1] - generated[0] >= TOKENS_SEEN_MIN && running[0] == SEQUENCES;
        return asItRan ? bytes[1] - bytes[0] : Long.MAX_VALUE;
    }

    private long allocated(long[] ids) {
        long sum = 0;
        for (long each : threads.getThreadAllocatedBytes(ids)) sum += each;
        return sum;
    }

    private static long[] computingThreads() {
        long[] ids = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("engine-loop")
                        || thread.getName().startsWith("redoubt-compute-"))
                .mapToLong(Thread::threadId)
                .toArray();
        assertThat(ids).hasSize(2);
        return ids;
    }

    private static GenerationRequest request(SplittableRandom random, double temperature) {
        List<Integer> prompt = random.ints(8, 3, 250).boxed().toList();
        boolean sampled = temperature > 0; // then with everything that has a hand in it
        SamplingParams sampling = new SamplingParams(
                temperature,
                sampled ? 0.9 : 1,
                sampled ? 100 : 0,
                sampled ? 0.01 : 0,
                sampled ? 0.1 : 0,
                sampled ? 0.1 : 0,
                sampled ? 1.1 : 1,
                sampled ? Map.of(200, 1.0, 5, -1.0) : Map.of(),
                OptionalLong.of(1),
                TOKENS,
                false,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.empty(),
                OptionalInt.empty());
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
        return new GenerationRequest(Answers.ADA, new Prompt.Tokens(prompt), sampling, List.of(), 1, deadline);
    }

    private Engine open(WeightKind kind, boolean prefixCache) throws Exception {
        Path file = TinyModels.gguf(folder.resolve("tiny.gguf"), kind, 7);
        EngineOptions options = new EngineOptions(
                "auto",
                2,
                256,
                SEQUENCES,
                256,
                256,
                64,
                0.5,
                KvFormat.F16,
                OptionalLong.of(16_000_000),
                prefixCache ? PrefixSharing.PRINCIPAL : PrefixSharing.OFF,
                true,
                RequestLimits.DEFAULT);
        return Engine.open(ModelPath.open(file), options, TimeSource.system());
    }
}
