package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.generation.CacheClearing;
import dev.redoubt.base.generation.Caller;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.GenerationRequest;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.model.StepBatch;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.testkit.ManualClock;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What a request leaves in the KV pool when it ends: the pool is read as another process would read it,
/// through the system, and searched for the keys and values that the request had.
final class KvHygieneTest {
    /* Two requests at once, whose token ids have nothing in common: the canary's rows of keys and values cannot come from its
     * neighbour. Everything that has to happen at a certain step is done between two steps, on the engine's own thread. */
    private static final int BLOCK_BYTES = 4096; // of the tiny model in f16
    private static final int PIECE_BYTES = 16;
    private static final int CANARY_FIRST = 100;
    private static final int CANARY_LAST = 139;
    private static final int NEIGHBOUR_FIRST = 200;
    private static final Caller CANARY = new Caller("app", "canary", Optional.empty());
    private static final Caller NEIGHBOUR = new Caller("other", "neighbour", Optional.empty());

    private final ManualClock clock = new ManualClock();

    @TempDir
    private Path folder;

    @BeforeEach
    void needsProc() {
        Assumptions.assumeTrue(
                Files.isReadable(Path.of("/proc/self/mem")), "skipped: no /proc/self/mem on this system");
    }

    private static final int PREEMPTION_TRIES = 50;

    /// How a request ends before its time, or not.
    enum End {
        FINISHED,
        CANCELLED,
        DEADLINE,
        FAILED_STEP
    }

    @ParameterizedTest
    @EnumSource
    void V1_3_nothingOfARequestIsLeftHoweverItEnds(End end) throws Exception {
        Watch watch = new Watch(end);
        try (Engine engine = open(61, PrefixSharing.OFF, watch)) {
            Heard neighbour = new Heard();
            engine.generate(request(NEIGHBOUR, 40, 180), neighbour);
            Heard canary = new Heard();
            watch.canary = engine.generate(request(CANARY, 40, end == End.FINISHED ? 20 : 100), canary);
            canary.await();
            engine.clearCache("nobody"); // whatever the loop did before is done
            assertThat(watch.rows).hasSizeGreaterThan(500);
            assertThat(watch.foundInFlight).as("the search finds what is there").isPositive();
            assertThat(watch.found()).isZero();
            neighbour.await();
        }
    }

    /// The two must run side by side for one to make room for the other, which on a busy machine takes some tries.
    @Test
    void V1_3_nothingOfAPreemptedRequestIsLeftWhileItWaits() throws Exception {
        boolean preempted = false;
        for (int i = 0; i < PREEMPTION_TRIES && !preempted; i++) {
            Watch watch = new Watch(End.FINISHED);
            try (Engine engine = open(14, PrefixSharing.OFF, watch)) {
                Heard neighbour = new Heard();
                engine.generate(request(NEIGHBOUR, 100, 100), neighbour);
                Heard canary = new Heard();
                watch.canary = engine.generate(request(CANARY, 60, 100), canary);
                neighbour.await();
                canary.await();
                preempted = engine.stats().preemptions() > 0 && watch.foundWhileAway.isPresent();
                assertThat(watch.foundWhileAway.orElse(0)).isZero();
            }
        }
        assertThat(preempted).isTrue();
    }

    @Test
    void V1_3_whatIsCachedIsGoneWhenItIsCleared() throws Exception {
        Watch watch = new Watch(End.FINISHED);
        try (Engine engine = open(61, PrefixSharing.PRINCIPAL, watch)) {
            Heard canary = new Heard();
            watch.canary = engine.generate(request(CANARY, 40, 20), canary);
            canary.await();
            engine.clearCache("nobody");
            assertThat(watch.found())
                    .as("full blocks are kept for the next request")
                    .isPositive();
            assertThat(engine.clearCache("app")).isEqualTo(new CacheClearing(3, 0));
            assertThat(watch.found()).isZero();
        }
    }

    private GenerationRequest request(Caller caller, int promptTokens, int maxTokens) {
        int first = caller.equals(CANARY) ? CANARY_FIRST : NEIGHBOUR_FIRST;
        Map<Integer, Double> own = new HashMap<>(); // whose ids, and nobody else's, are said
        for (int id = first; id < first + 40; id++) own.put(id, 100.0);
        SamplingParams sampling = new SamplingParams(
                1,
                1,
                0,
                0,
                0,
                0,
                1,
                own,
                OptionalLong.of(7),
                maxTokens,
                false,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.empty(),
                OptionalInt.empty());
        List<Integer> ids =
                IntStream.range(0, promptTokens).mapToObj(i -> first + i % 40).toList();
        long deadline = clock.nanos()
                + Duration.ofSeconds(caller.equals(CANARY) ? 30 : 3000).toNanos();
        return new GenerationRequest(caller, new Prompt.Tokens(ids), sampling, List.of(), 1, deadline);
    }

    private Engine open(int blocks, PrefixSharing sharing, Watch watch) throws IOException {
        EngineOptions options = new EngineOptions(
                "auto",
                1,
                256,
                8,
                128,
                128,
                16,
                0.5,
                KvFormat.F16,
                OptionalLong.of((long) blocks * BLOCK_BYTES),
                sharing,
                false,
                RequestLimits.DEFAULT);
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 3);
        Engine.Parts parts = EngineParts.load(ModelPath.open(model), List.of(), options, OptionalLong.empty(), clock);
        assertThat(parts.kvBlocks()).isEqualTo(blocks);
        assertThat(parts.runtime().kvBytes()).isEqualTo((long) blocks * BLOCK_BYTES);
        watch.watch(parts.runner(), blocks);
        Engine.Parts watched = new Engine.Parts(
                parts.card(),
                parts.text(),
                watch,
                parts.memory(),
                parts.kvBlocks(),
                parts.endOfSequence(),
                parts.runtime(),
                parts.description(),
                parts.adapters(),
                parts.resources());
        return new Engine(options, watched, clock);
    }

    /// Sees every step from before and from behind.
    private final class Watch implements StepRunner {
        private static final int END_AT_STEP = 6;

        private final End end;
        private final Set<ByteBuffer> rows = new HashSet<>(); // every piece of keys and values that the canary had
        private int foundInFlight;
        private OptionalInt foundWhileAway = OptionalInt.empty();
        private int canarySteps;
        private @Nullable StepRunner runner;
        private long address;
        private int poolBytes;
        private volatile @Nullable Generation canary;

        Watch(End end) {
            this.end = end;
        }

        void watch(StepRunner real, int blocks) throws IOException {
            runner = real;
            poolBytes = blocks * BLOCK_BYTES;
            address = pool(poolBytes);
        }

        @Override
        public TokenPicker newPicker(SamplingParams params, long seed, int[] promptIds) {
            return java.util.Objects.requireNonNull(runner).newPicker(params, seed, promptIds);
        }

        @Override
        public Optional<String> changedWeights() {
            return Objects.requireNonNull(runner).changedWeights();
        }

        @Override
        public void run(StepBatch batch, List<? extends RowTask> tasks) {
            int sequence = canaryIn(batch);
            if (sequence < 0 && canarySteps > 0 && foundWhileAway.isEmpty()) foundWhileAway = OptionalInt.of(found());
            java.util.Objects.requireNonNull(runner).run(batch, tasks);
            if (sequence < 0) return;
            remember(batch, sequence);
            foundInFlight = found();
            if (++canarySteps == END_AT_STEP) endIt();
        }

        private void endIt() {
            switch (end) {
                case FINISHED -> {}
                case CANCELLED -> {
                    while (canary == null) Thread.onSpinWait();
                    java.util.Objects.requireNonNull(canary).cancel();
                }
                case DEADLINE -> clock.advance(Duration.ofSeconds(60));
                case FAILED_STEP -> throw new IllegalStateException("a step fails");
            }
        }

        private int canaryIn(StepBatch batch) {
            for (int row = 0; row < batch.attention.rows; row++)
                if (batch.tokenIds[row] >= CANARY_FIRST && batch.tokenIds[row] <= CANARY_LAST)
                    return batch.attention.sequence[row];
            return -1;
        }

        private void remember(StepBatch batch, int sequence) {
            int last = 0;
            for (int row = 0; row < batch.attention.rows; row++)
                if (batch.attention.sequence[row] == sequence) last = Math.max(last, batch.attention.position[row]);
            for (int i = 0; i <= last / 16; i++)
                rows.addAll(pieces(
                        read(address + (long) batch.attention.blockTable[sequence][i] * BLOCK_BYTES, BLOCK_BYTES)));
        }

        /// How many pieces of the whole pool are the canary's.
        int found() {
            Set<ByteBuffer> there = pieces(read(address, poolBytes));
            there.retainAll(rows);
            return there.size();
        }
    }

    /// Those that nobody else could have by chance: with as many bytes set as a row has, not the begin of one.
    private static Set<ByteBuffer> pieces(byte[] bytes) {
        Set<ByteBuffer> pieces = new HashSet<>();
        for (int at = 0; at < bytes.length; at += PIECE_BYTES) {
            int set = 0;
            for (int i = at; i < at + PIECE_BYTES; i++) if (bytes[i] != 0) set++;
            if (set > PIECE_BYTES / 2) pieces.add(ByteBuffer.wrap(Arrays.copyOfRange(bytes, at, at + PIECE_BYTES)));
        }
        return pieces;
    }

    private static byte[] read(long address, int length) {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        try (FileChannel memory = FileChannel.open(Path.of("/proc/self/mem"), StandardOpenOption.READ)) {
            while (bytes.hasRemaining()) memory.read(bytes, address + bytes.position());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.array();
    }

    /// Where the pool lies: the one mapping of its size that is left out of core dumps.
    private static long pool(int bytes) throws IOException {
        long start = 0;
        boolean size = false;
        for (String line : Files.readAllLines(Path.of("/proc/self/smaps"))) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                String[] range = line.substring(0, line.indexOf(' ')).split("-");
                start = Long.parseUnsignedLong(range[0], 16);
                size = Long.parseUnsignedLong(range[1], 16) - start == bytes;
            } else if (size && line.startsWith("VmFlags:") && line.contains(" dd")) return start;
        }
        throw new AssertionError("no mapping of " + bytes + " bytes is left out of core dumps");
    }
}
