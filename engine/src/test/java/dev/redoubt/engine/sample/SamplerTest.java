package dev.redoubt.engine.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.generation.TokenLogprob;
import dev.redoubt.kernels.Compute;
import dev.redoubt.kernels.FloatMatrix;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SamplerTest {
    private static final int[] NO_PROMPT = {};

    @Test
    void greedyTakesTheArgMaxItIsGiven() {
        SamplingState state = state(Params.of(0), 1, 4);
        assertThat(Rows.pick(Rows.of(new float[] {0, 1, 3, 2}), 0, state)).isEqualTo(2);
    }

    @Test
    void ofEqualLogitsGreedyTakesTheLowestId() {
        SamplingState state = state(Params.of(0).bias(Map.of(0, -1.0)), 1, 4);
        assertThat(token(new float[] {3, 2, 3, 3}, state)).isEqualTo(2);
    }

    @Test
    void penaltiesDecideGreedyToo() {
        SamplingState state = state(Params.of(0).frequency(1), 1, 2);
        List<Integer> tokens = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            int token = token(new float[] {2.5f, 1}, state);
            tokens.add(token);
            state.accept(token);
        }
        assertThat(tokens).containsExactly(0, 0, 1, 0, 1, 0);
    }

    @Test
    void endIsMaskedUntilMinTokens() {
        SamplingState state =
                SamplingState.of(Params.of(0).minTokens(2, Set.of(1)).build(), 1, NO_PROMPT, Set.of(0), 3);
        float[] logits = {9, 8, 7};
        assertThat(token(logits, state)).isEqualTo(2);
        state.accept(2);
        assertThat(token(logits, state)).isEqualTo(2);
        state.accept(2);
        assertThat(token(logits, state)).isEqualTo(0);
    }

    @Test
    void aPromptCountsForRepetitionOnly() {
        int[] prompt = {0};
        float[] logits = {2, 1.5f};
        assertThat(token(
                        logits,
                        SamplingState.of(Params.of(0).presence(2).frequency(2).build(), 1, prompt, Set.of(), 2)))
                .isEqualTo(0);
        assertThat(token(logits, SamplingState.of(Params.of(0).repetition(1.5).build(), 1, prompt, Set.of(), 2)))
                .isEqualTo(1);
    }

    @Test
    void everythingMaskedGivesTheArgMax() {
        assertThat(Rows.pick(
                        Rows.of(new float[] {2, 3}), 0, state(Params.of(1).bias(Map.of(0, -1e300, 1, -1e300)), 1, 2)))
                .isEqualTo(1);
    }

    @Test
    void theSameSeedGivesTheSameTokensWhateverTheNeighbours() {
        FloatMatrix rows = randomRows(7, 64);
        List<Integer> alone = new ArrayList<>();
        SamplingState state = state(Params.of(1).topP(0.9), 42, 64);
        for (int step = 0; step < 50; step++) {
            int token = Rows.pick(rows, step % 7, state);
            alone.add(token);
            state.accept(token);
        }
        List<Integer> among = new ArrayList<>();
        SamplingState again = state(Params.of(1).topP(0.9), 42, 64);
        SamplingState neighbour = state(Params.of(2), 43, 64);
        for (int step = 0; step < 50; step++) {
            for (int other = 0; other < step % 4; other++) neighbour.accept(Rows.pick(rows, 3, neighbour));
            Rows.pick(rows, step % 7, again); // drawn and not accepted: counts for nothing
            int token = Rows.pick(rows, step % 7, again);
            among.add(token);
            again.accept(token);
        }
        assertThat(among).isEqualTo(alone);
    }

    @Test
    void aStateThatAcceptedTheSameTokensContinuesTheSame() { // preemption keeps the state, a rebuilt one must agree
        float[] logits = new float[100];
        SamplingState first = state(Params.of(1).presence(0.5), 7, 100);
        for (int i = 0; i < 20; i++) first.accept(token(logits, first));
        SamplingState replayed = state(Params.of(1).presence(0.5), 7, 100);
        SamplingState source = state(Params.of(1).presence(0.5), 7, 100);
        for (int i = 0; i < 20; i++) {
            int token = token(logits, source);
            source.accept(token);
            replayed.accept(token);
        }
        assertThat(token(logits, replayed)).isEqualTo(token(logits, first));
    }

    @Test
    void drawsFollowTheProbabilities() {
        float[] logits = {2, 1, 0, -1, 0.5f, 1.5f, -3, 0};
        for (Params params : List.of(
                Params.of(1),
                Params.of(0.7).topP(0.9),
                Params.of(1.5).topK(5),
                Params.of(1).minP(0.2))) {
            double[] expected = Rows.probabilities(logits, state(params, 1, logits.length));
            int[] counts = new int[logits.length];
            SamplingState state = state(params, 2024, logits.length);
            int draws = 40_000;
            for (int i = 0; i < draws; i++) {
                int token = token(logits, state);
                counts[token]++;
                state.accept(token);
            }
            double chiSquare = 0;
            for (int id = 0; id < logits.length; id++) {
                if (expected[id] == 0) assertThat(counts[id]).isZero();
                else chiSquare += Math.pow(counts[id] - draws * expected[id], 2) / (draws * expected[id]);
            }
            assertThat(chiSquare).as("chi-square, at most 7 degrees of freedom").isLessThan(24.3); // p = 0.001
        }
    }

    @Test
    void neighbouringSeedsShareNothing() {
        double[] uniforms = IntStream.range(0, 2000)
                .mapToDouble(seed -> state(Params.of(1), seed, 2).uniform(0))
                .toArray();
        assertThat(Arrays.stream(uniforms).average().orElseThrow()).isCloseTo(0.5, within(0.03));
        assertThat(Arrays.stream(uniforms).distinct().count()).isEqualTo(2000);
    }

    @Test
    void truncationsAgreeWithSortingEverything() {
        SplittableRandom random = new SplittableRandom(11);
        for (int round = 0; round < 300; round++) {
            int size = 1 + random.nextInt(round % 30 == 0 ? 12_000 : 400);
            float[] logits = new float[size];
            boolean coarse = random.nextBoolean(); // many equals
            for (int i = 0; i < size; i++) {
                double z = random.nextDouble(-12, 12);
                logits[i] = (float) (coarse ? Math.rint(z) : z);
            }
            Params params = Params.of(random.nextDouble(0.3, 2))
                    .topK(random.nextBoolean() ? random.nextInt(-1, size + 5) : 0)
                    .topP(random.nextBoolean() ? random.nextDouble(0.01, 1) : 1)
                    .minP(random.nextBoolean() ? random.nextDouble(0, 0.3) : 0);
            double[] actual = Rows.probabilities(logits, state(params, 1, logits.length));
            double[] expected = bySorting(logits, params);
            assertThat(actual).as("round %d, %s", round, params).containsExactly(expected, within(1e-6));
        }
    }

    @Test
    void aDrawTakesNoTokenWithoutProbabilityWhateverTheNumber() {
        float[] logits = new float[1000];
        Arrays.fill(logits, Float.NEGATIVE_INFINITY);
        logits[300] = 1;
        logits[301] = 0;
        logits[700] = 1;
        Distribution distribution = new Distribution(Compute.open("scalar", 1, 1, 1), 1000);
        distribution.fill(Rows.of(logits), 0, 1, Params.of(1).build());
        assertThat(distribution.draw(0)).isEqualTo(300);
        assertThat(distribution.draw(Math.nextDown(1.0))).isEqualTo(700);
        for (double uniform = 0; uniform < 1; uniform += 0.001)
            assertThat(distribution.draw(uniform)).isIn(300, 301, 700);
    }

    @Test
    void logprobsAreOfTheRawRow() {
        FloatMatrix rows = Rows.of(new float[] {9, 9}, new float[] {1, 3});
        SamplingState state = state(Params.of(0).bias(Map.of(0, 50.0)).logprobs(2), 1, 2);
        float logSumExp = (float) Math.log(Math.exp(1) + Math.exp(3));
        TokenLogprob logprob = Sampler.logprob(rows, 1, logSumExp, Rows.pick(rows, 1, state), 2);
        assertThat(logprob.tokenId()).isZero();
        assertThat(logprob.logprob()).isEqualTo(1 - logSumExp);
        assertThat(logprob.rank()).isEqualTo(2);
        assertThat(logprob.top())
                .containsExactly(
                        new TokenLogprob.Alternative(1, 3 - logSumExp), new TokenLogprob.Alternative(0, 1 - logSumExp));
    }

    @Test
    void alternativesAreBestFirstAndOfEqualsTheLowerId() {
        TokenLogprob logprob = Sampler.logprob(Rows.of(new float[] {1, 5, 3, 5, 0, 3, 5}), 0, 0, 3, 5);
        assertThat(logprob.rank()).isEqualTo(2);
        assertThat(logprob.top().stream().map(TokenLogprob.Alternative::tokenId))
                .containsExactly(1, 3, 6, 2, 5);
        assertThat(Sampler.logprob(Rows.of(new float[] {1, 2}), 0, 0, 0, 5).top())
                .hasSize(2);
        assertThat(Sampler.logprob(Rows.of(new float[] {1, 2}), 0, 0, 0, 0).top())
                .isEmpty();
    }

    private static double[] bySorting(float[] logits, Params params) {
        Integer[] order = IntStream.range(0, logits.length).boxed().toArray(Integer[]::new);
        Arrays.sort(
                order, (a, b) -> logits[a] != logits[b] ? Float.compare(logits[b], logits[a]) : Integer.compare(a, b));
        double[] weight = new double[logits.length];
        float max = logits[order[0]];
        for (int id = 0; id < logits.length; id++)
            weight[id] = StrictMath.exp(((double) logits[id] - max) / params.temperature());
        for (int id = 0; id < logits.length; id++) if (weight[id] < params.minP()) weight[id] = 0;
        int k = params.topK() > 0 ? Math.min(params.topK(), logits.length) : logits.length;
        for (int id = 0; id < logits.length; id++) if (logits[id] < logits[order[k - 1]]) weight[id] = 0;
        double total = Arrays.stream(weight).sum();
        double before = 0;
        for (int id : order) {
            double own = weight[id];
            if (params.topP() < 1 && before >= params.topP() * total && before > 0) weight[id] = 0;
            before += own;
        }
        double kept = Arrays.stream(weight).sum();
        return Arrays.stream(weight).map(w -> w / kept).toArray();
    }

    private static SamplingState state(Params params, long seed, int vocabularySize) {
        return SamplingState.of(params.build(), seed, NO_PROMPT, Set.of(), vocabularySize);
    }

    private static int token(float[] logits, SamplingState state) {
        return Rows.pick(Rows.of(logits), 0, state);
    }

    private static FloatMatrix randomRows(int rows, int columns) {
        SplittableRandom random = new SplittableRandom(5);
        float[][] result = new float[rows][columns];
        for (float[] row : result) for (int i = 0; i < columns; i++) row[i] = (float) random.nextDouble(-3, 3);
        return Rows.of(result);
    }
}
