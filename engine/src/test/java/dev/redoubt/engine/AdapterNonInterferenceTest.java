package dev.redoubt.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.Answers.Reply;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.Providers;
import dev.redoubt.testkit.TinyAdapters;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Adapters in one batch with each other and with their base, on the real engine: nobody sees who else is in a step
/// (V3.2), and no block crosses (V1.1).
@SuppressWarnings("NullAway.Init")
final class AdapterNonInterferenceTest {
    private static final int PROMPTS = 4;
    private static final int TOKENS = 8;

    @TempDir
    Path folder;

    private Path base;
    private List<Path> adapters;

    /// A quantized base, whose rows of queries and keys are in another order than the adapters'; ranks that fill no
    /// vector, one, and four.
    @BeforeEach
    void write() throws IOException {
        base = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 7);
        adapters = List.of(
                TinyAdapters.write(folder.resolve("all"), TinyAdapters.layers(), 7, 4, 1),
                TinyAdapters.write(folder.resolve("qv"), TinyAdapters.layers("q_proj", "v_proj"), 16, 8, 2),
                TinyAdapters.write(folder.resolve("other"), TinyAdapters.layers(), 7, 8, 1), // another alpha
                TinyAdapters.write(folder.resolve("down"), TinyAdapters.layers("down_proj", "up_proj"), 64, 8, 3));
    }

    private Engine open(String kernels, int threads, int rows, PrefixSharing sharing, List<Path> adapterPaths) {
        return open(options(kernels, threads, rows, sharing), adapterPaths, Long.MAX_VALUE);
    }

    private Engine openWithin(List<Path> adapterPaths, long memory) {
        return open(options("scalar", 1, 64, PrefixSharing.OFF), adapterPaths, memory);
    }

    private static EngineOptions options(String kernels, int threads, int rows, PrefixSharing sharing) {
        return new EngineOptions(
                kernels,
                threads,
                256,
                16,
                rows,
                rows,
                64,
                0.5,
                KvFormat.F16,
                OptionalLong.of(8 << 20),
                sharing,
                true,
                RequestLimits.DEFAULT);
    }

    private Engine open(EngineOptions options, List<Path> adapterPaths, long memory) {
        List<VerifiedArtifact> opened =
                adapterPaths.stream().map(ModelPath::open).toList();
        try {
            return Engine.open(ModelPath.open(base), opened, options, memory, TimeSource.system());
        } finally {
            opened.forEach(VerifiedArtifact::close);
        }
    }

    /// The base, then its adapters.
    private static List<LanguageModel> models(Engine engine) {
        List<LanguageModel> models = new ArrayList<>();
        models.add(engine);
        models.addAll(engine.adapters());
        return models;
    }

    private static List<Prompt> prompts(int tokens) {
        Random random = new Random(4);
        List<Prompt> prompts = new ArrayList<>();
        for (int i = 0; i < PROMPTS; i++)
            prompts.add(new Prompt.Tokens(
                    random.ints(tokens + 7L * i, 3, 250).boxed().toList()));
        return prompts;
    }

    private static List<Integer> bits(Reply reply) {
        List<Integer> bits = new ArrayList<>(reply.only().tokenIds());
        reply.only().logprobs().forEach(each -> bits.add(Float.floatToRawIntBits(each.logprob())));
        return bits;
    }

    private static SamplingParams greedy() {
        return new SamplingParams(
                0,
                1,
                0,
                0,
                0,
                0,
                1,
                Map.of(),
                OptionalLong.of(1),
                TOKENS,
                false,
                0,
                List.of(),
                Set.of(),
                true,
                OptionalInt.of(0),
                OptionalInt.empty());
    }

    @Test
    void V3_2_adaptersInOneBatchGetTheBitsThatEachGetsAlone() throws Exception {
        List<Prompt> prompts = prompts(30);
        List<List<Integer>> alone = new ArrayList<>();
        for (int model = 0; model <= adapters.size(); model++) {
            List<Path> one = model == 0 ? List.of() : List.of(adapters.get(model - 1));
            try (Engine engine = open("auto", 1, 256, PrefixSharing.OFF, one)) {
                for (Prompt prompt : prompts)
                    alone.add(bits(Answers.answer(models(engine).getLast(), prompt, greedy())));
            }
        }
        assertThat(alone).doesNotHaveDuplicates(); // the adapters say different things, or this proves nothing
        for (String kernels : Providers.present())
            for (int threads = 1; threads <= 2; threads++)
                try (Engine engine =
                        open(kernels, threads, threads == 1 ? 256 : 16, PrefixSharing.PRINCIPAL, adapters)) {
                    List<CompletableFuture<Reply>> together = new ArrayList<>();
                    for (LanguageModel model : models(engine))
                        for (Prompt prompt : prompts)
                            together.add(Answers.ask(model, Answers.ADA, prompt, greedy(), 1));
                    for (int i = 0; i < together.size(); i++)
                        assertThat(bits(together.get(i).get(1, TimeUnit.MINUTES)))
                                .as("request %d by %s on %d threads", i, kernels, threads)
                                .isEqualTo(alone.get(i));
                }
    }

    @Test
    void V1_1_noBlockCrossesBetweenAdaptersOrTheBase() throws Exception {
        Prompt prompt = prompts(65).getFirst(); // four blocks and a token
        try (Engine engine = open("auto", 1, 256, PrefixSharing.PRINCIPAL, adapters)) {
            for (LanguageModel model : models(engine))
                assertThat(Answers.answer(model, prompt, greedy()).usage().cachedTokens())
                        .as("first of %s", model.card().name())
                        .isZero();
            for (LanguageModel model : models(engine))
                assertThat(Answers.answer(model, prompt, greedy()).usage().cachedTokens())
                        .as("second of %s", model.card().name())
                        .isEqualTo(64);
        }
    }

    @Test
    void anAdapterIsAModelThatNamesItsBase() throws Exception {
        try (Engine engine = open("auto", 1, 64, PrefixSharing.OFF, adapters)) {
            assertThat(engine.adapters()).hasSize(adapters.size());
            LanguageModel adapter = engine.adapters().getFirst();
            assertThat(adapter.card().name()).isEqualTo("all");
            assertThat(adapter.card().digest()).isNotEqualTo(engine.card().digest());
            assertThat(adapter.card().base().orElseThrow().digest())
                    .isEqualTo(engine.card().digest());
            assertThat(engine.card().base()).isEmpty();
        }
    }

    /// f32 matrices of 16 · (in + out) numbers each, and activations of the rows that are computed together.
    @Test
    void R4_2_adaptersCountInTheMemoryOfTheEngine() throws Exception {
        long without;
        long with;
        try (Engine engine = open("scalar", 1, 64, PrefixSharing.OFF, List.of())) {
            without = engine.runtime().memoryBytes();
        }
        try (Engine engine = open("scalar", 1, 64, PrefixSharing.OFF, List.of(adapters.get(1)))) {
            with = engine.runtime().memoryBytes();
        }
        int hidden = TinyModels.HIDDEN_SIZE;
        int query = TinyModels.QUERY_HEADS * TinyModels.HEAD_DIMENSION;
        int value = TinyModels.KV_HEADS * TinyModels.HEAD_DIMENSION;
        long matrices = 4L * 16 * ((hidden + query) + (hidden + value));
        long rows = 64L * 4 * (hidden + 2 * 16 + query + value);
        assertThat(with - without).isEqualTo(TinyModels.LAYERS * matrices + rows);
    }

    @Test
    void R4_2_whatDoesNotFitWithItsAdaptersIsRefusedWithTheNumberThatWould() throws Exception {
        long alone = enough(List.of());
        long all = enough(adapters);
        assertThat(all).isGreaterThan(alone);
        try (Engine engine = openWithin(adapters, all)) {
            assertThat(engine.runtime().memoryBytes()).isEqualTo(all);
        }
    }

    /// What the refusal names.
    private long enough(List<Path> adapterPaths) {
        StartRefusal refusal =
                Objects.requireNonNull(catchThrowableOfType(StartRefusal.class, () -> openWithin(adapterPaths, 1000)));
        assertThat(refusal.rule()).isEqualTo("R4.2");
        return Long.parseLong(
                String.valueOf(refusal.getMessage()).replaceAll(".*raise memory to (\\d+) or more.*", "$1"));
    }
}
