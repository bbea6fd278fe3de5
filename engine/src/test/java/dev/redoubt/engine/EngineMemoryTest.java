package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ModelRuntime;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What an engine takes, within a bound.
@SuppressWarnings("NullAway.Init")
final class EngineMemoryTest {
    private static final int ROWS = 128;
    private static final long ENOUGH = 64L << 20;

    @TempDir
    Path folder;

    private Path model;

    @BeforeEach
    void write() throws IOException {
        model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 5);
    }

    private static EngineOptions options(int rows, int sequences) {
        return new EngineOptions(
                "scalar",
                1,
                TinyModels.CONTEXT_TOKENS_MAX,
                sequences,
                rows,
                rows,
                16,
                0.5,
                KvFormat.F16,
                OptionalLong.empty(),
                PrefixSharing.PRINCIPAL,
                false,
                RequestLimits.DEFAULT);
    }

    private ModelRuntime within(long memory, int rows, int sequences) throws IOException {
        try (Engine engine =
                Engine.open(ModelPath.open(model), options(rows, sequences), memory, TimeSource.system())) {
            return engine.runtime();
        }
    }

    /// Counted here by what the architecture says, and there by what was allocated.
    @Test
    void R4_2_aRowMoreOfAStepCountsWithAllThatIsComputedOfIt() throws IOException {
        ModelRuntime small = within(ENOUGH, ROWS, 1);
        ModelRuntime large = within(ENOUGH, 2 * ROWS, 1);
        assertThat(large.kvBytes()).isEqualTo(small.kvBytes());
        int query = TinyModels.QUERY_HEADS * TinyModels.HEAD_DIMENSION;
        int keyValue = TinyModels.KV_HEADS * TinyModels.HEAD_DIMENSION;
        long floats = 3 * TinyModels.HIDDEN_SIZE + 2 * query + 2 * keyValue + 2 * TinyModels.FEED_FORWARD_SIZE;
        int widest = TinyModels.FEED_FORWARD_SIZE;
        int blocks = widest / 32;
        long quantized =
                widest + 3 * 4 * blocks + 4 * blocks + 4 * widest; // codes, three scales, biases, the codes as floats
        long rounded = 2 * widest;
        assertThat(large.memoryBytes() - small.memoryBytes()).isEqualTo(ROWS * (4 * floats + quantized + rounded));
    }

    @Test
    void R4_2_thePoolHasWhatIsLeftAndNoMore() throws IOException {
        ModelRuntime wide = within(ENOUGH, ROWS, 64);
        long block = wide.kvBytes() / (64L * TinyModels.CONTEXT_TOKENS_MAX / 16);
        long memory = wide.memoryBytes() - wide.kvBytes() + 10 * block + block / 2;
        ModelRuntime narrow = within(memory, ROWS, 64);
        assertThat(narrow.kvBytes()).isEqualTo(10 * block);
        assertThat(narrow.memoryBytes()).isEqualTo(memory - block / 2);
    }

    @Test
    void R4_2_whatDoesNotFitIsRefusedWithTheNumberThatWould() throws IOException {
        StartRefusal refusal =
                Objects.requireNonNull(catchThrowableOfType(StartRefusal.class, () -> within(200_000, ROWS, 4)));
        assertThat(refusal.rule()).isEqualTo("R4.2");
        Matcher named = Pattern.compile("memory of 200000 bytes, .* raise memory to (\\d+) or more")
                .matcher(String.valueOf(refusal.getMessage()));
        assertThat(named.matches()).isTrue();
        long enough = Long.parseLong(named.group(1));
        assertThat(within(enough, ROWS, 4).memoryBytes()).isEqualTo(enough);
        assertThat(catchThrowableOfType(StartRefusal.class, () -> within(enough - 1, ROWS, 4)))
                .isNotNull();
    }
}
