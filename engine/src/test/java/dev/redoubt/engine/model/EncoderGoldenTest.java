package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.Providers;
import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyEncoder;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

/// The encoder against transformers' float32 states, and against itself in any company.
class EncoderGoldenTest {
    private static final float TOLERANCE = 1e-3f;
    private static final int BLOCKS = 20;

    @TempDir
    Path folder;

    private static final class Run implements AutoCloseable {
        final Compute compute;
        final Encoder encoder;
        final EncoderPlan plan;

        Run(Path model, String provider, int threads) throws IOException {
            VerifiedArtifact artifact = ModelPath.open(model);
            plan = Bert.plan(new HuggingFaceConfig(Files.readAllBytes(model.resolve("config.json"))), 0, "");
            compute = Compute.open(provider, threads, 16 * BLOCKS, plan.widestInput());
            encoder = Encoders.load(artifact, compute, BLOCKS, 8);
        }

        /// By text, the states of its tokens.
        List<float[][]> states(List<int[]> texts, List<int[]> types) {
            FloatMatrix states = encoder.forward(texts, types);
            assertThat(encoder.kvIsZero())
                    .as("keys and values after a batch are zero (V1.3)")
                    .isTrue();
            List<float[][]> result = new ArrayList<>();
            int row = 0;
            for (int[] text : texts) {
                float[][] own = new float[text.length][states.columns()];
                for (float[] one : own) {
                    for (int i = 0; i < one.length; i++) one[i] = states.get(row, i);
                    row++;
                }
                result.add(own);
            }
            return result;
        }

        @Override
        public void close() {
            encoder.close();
            compute.close();
        }
    }

    private static List<int[]> inputs(JsonNode golden, String field) {
        return golden.path("inputs")
                .valueStream()
                .map(input -> Golden.ints(input.path(field)))
                .toList();
    }

    @Test
    void statesAreThoseOfTransformers() throws IOException, JsonRefusal {
        Path model = Shared.testdata("arch/bert");
        JsonNode golden = Golden.json(model.resolve("golden.json"));
        List<int[]> ids = inputs(golden, "ids");
        for (String provider : Providers.present()) {
            try (Run run = new Run(model, provider, 2)) {
                List<float[][]> states = run.states(ids, inputs(golden, "token_types"));
                for (int i = 0; i < ids.size(); i++) {
                    JsonNode input = golden.path("inputs").get(i);
                    float[][] own = states.get(i);
                    assertThat(own[0]).containsExactly(Golden.floats(input.path("first_hidden")), within(TOLERANCE));
                    assertThat(own[own.length - 1])
                            .containsExactly(Golden.floats(input.path("last_hidden")), within(TOLERANCE));
                    float[] norms = Golden.floats(input.path("row_norms"));
                    for (int row = 0; row < norms.length; row++) {
                        double squares = 0;
                        for (float number : own[row]) squares += (double) number * number;
                        assertThat((float) Math.sqrt(squares)).isCloseTo(norms[row], within(TOLERANCE));
                    }
                }
            }
        }
    }

    @Test
    void pooledVectorsAndCosinesAreThoseOfSentenceTransformers() throws IOException, JsonRefusal {
        Path model = Shared.testdata("arch/bert-mean-pooling");
        JsonNode golden = Golden.json(model.resolve("golden.json"));
        EncoderSpec spec;
        try (VerifiedArtifact artifact = ModelPath.open(model)) {
            spec = Encoders.describe(artifact);
        }
        assertThat(spec.pooling()).isEqualTo(new Pooling(Pooling.Mode.MEAN, true));
        assertThat(spec.model().contextTokensMax()).as("max_seq_length").isEqualTo(128);
        assertThat(spec.sizes().allowed()).isEqualTo("64");
        List<int[]> ids = inputs(golden, "ids");
        List<float[]> vectors = new ArrayList<>();
        try (Run run = new Run(model, "vector", 1)) {
            FloatMatrix states = run.encoder.forward(ids, inputs(golden, "token_types"));
            int row = 0;
            for (int i = 0; i < ids.size(); i++) {
                JsonNode input = golden.path("inputs").get(i);
                int tokens = ids.get(i).length;
                assertThat(new Pooling(Pooling.Mode.MEAN, false).vector(states, row, tokens, 64))
                        .containsExactly(Golden.floats(input.path("mean")), within(TOLERANCE));
                float[] vector = spec.pooling().vector(states, row, tokens, 64);
                assertThat(vector).containsExactly(Golden.floats(input.path("embedding")), within(TOLERANCE));
                assertThat(product(vector, vector)).as("unit length").isCloseTo(1, within(1e-6));
                vectors.add(vector);
                assertThat(new Pooling(Pooling.Mode.FIRST, false).vector(states, row, tokens, 2))
                        .containsExactly(states.get(row, 0), states.get(row, 1));
                row += tokens;
            }
        }
        for (int i = 0; i < vectors.size(); i++)
            for (int j = 0; j < vectors.size(); j++)
                assertThat(product(vectors.get(i), vectors.get(j)))
                        .isCloseTo(golden.path("cosine").get(i).get(j).doubleValue(), within(1e-4));
    }

    private static double product(float[] left, float[] right) {
        double sum = 0;
        for (int i = 0; i < left.length; i++) sum += (double) left[i] * right[i];
        return sum;
    }

    @ParameterizedTest
    @EnumSource(
            value = WeightKind.class,
            names = {"F32", "F16", "BF16"})
    void V3_2_statesAreTheSameBitsAloneAndInAnyCompany(WeightKind kind) throws IOException {
        Path model = TinyEncoder.write(folder.resolve(kind.name()), kind, 5);
        Random random = new Random(77);
        List<int[]> texts = new ArrayList<>();
        for (int length : new int[] {1, 2, 15, 16, 17, 33, 64})
            texts.add(random.ints(length, 0, TinyEncoder.VOCABULARY.size()).toArray());
        List<float[][]> alone = new ArrayList<>();
        try (Run run = new Run(model, "scalar", 1)) {
            for (int[] text : texts) alone.addAll(run.states(List.of(text), types(List.of(text))));
        }
        for (String provider : Providers.present())
            for (int threads = 1; threads <= 2; threads++) {
                try (Run run = new Run(model, provider, threads)) {
                    List<Integer> order = new ArrayList<>(List.of(0, 1, 2, 3, 4, 5, 6));
                    for (int round = 0; round < 4; round++) {
                        Collections.shuffle(order, random);
                        List<Integer> some = order.subList(0, round == 0 ? 7 : 1 + random.nextInt(7));
                        List<int[]> batch = some.stream().map(texts::get).toList();
                        List<float[][]> together = run.states(batch, types(batch));
                        for (int i = 0; i < some.size(); i++)
                            assertThat(Arrays.deepEquals(together.get(i), alone.get(some.get(i))))
                                    .as("text %d of %s, %s, %d threads", some.get(i), kind, provider, threads)
                                    .isTrue();
                    }
                }
            }
    }

    private static List<int[]> types(List<int[]> texts) {
        return texts.stream().map(text -> new int[text.length]).toList();
    }

    @Test
    void namesWithThePrefixOfATrainingModelAreTheSameModel() throws IOException {
        Path plain = TinyEncoder.write(folder.resolve("plain"), WeightKind.F32, 5);
        Path prefixed = TinyEncoder.write(folder.resolve("prefixed"), WeightKind.F32, 5);
        Files.write(
                prefixed.resolve("model.safetensors"),
                TinyEncoder.tensors(WeightKind.F32, 5, "bert.").bytes());
        List<int[]> text = List.of(new int[] {2, 5, 6, 3});
        try (Run one = new Run(plain, "vector", 1);
                Run other = new Run(prefixed, "vector", 1)) {
            assertThat(other.states(text, types(text)).getFirst())
                    .isDeepEqualTo(one.states(text, types(text)).getFirst());
        }
    }
}
