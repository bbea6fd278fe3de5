package dev.redoubt.engine.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.kernels.FloatMatrix;
import dev.redoubt.kernels.RopeTable;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RopeTablesTest {
    @Test
    void plainFrequenciesFallFromOneToNearlyOneOverTheBase() {
        float[] frequencies = RopeTables.frequencies(8, 10_000, new RopeScaling.None(), 4096);
        assertThat(frequencies).containsExactly(new float[] {1, 0.1f, 0.01f, 0.001f}, within(1e-9f));
    }

    @Test
    void linearDividesEveryFrequency() {
        float[] frequencies = RopeTables.frequencies(8, 10_000, new RopeScaling.Linear(4), 4096);
        assertThat(frequencies).containsExactly(new float[] {0.25f, 0.025f, 0.0025f, 0.00025f}, within(1e-9f));
    }

    @Test
    void llama3KeepsShortWavesAndStretchesLongOnes() {
        // Llama 3.1: original 8192, low 1, high 4, factor 8; waves above 8192 are stretched, below 2048 kept.
        float[] plain = RopeTables.frequencies(128, 500_000, new RopeScaling.None(), 4096);
        float[] scaled = RopeTables.frequencies(128, 500_000, new RopeScaling.Llama3(8, 1, 4, 8192), 4096);
        for (int j = 0; j < plain.length; j++) {
            double wave = 2 * Math.PI / plain[j];
            if (wave < 2048) assertThat(scaled[j]).isEqualTo(plain[j]);
            else if (wave > 8192) assertThat(scaled[j]).isEqualTo(plain[j] / 8);
            else assertThat(scaled[j]).isBetween(plain[j] / 8, plain[j]);
        }
        // between the two ends, by hand from the definition (the divisors that Llama 3.1's GGUF files carry)
        float[] expected = {1.2075f, 1.5534f, 2.0263f, 2.6945f, 3.6843f, 5.2573f};
        for (int j = 0; j < expected.length; j++)
            assertThat(plain[29 + j] / scaled[29 + j]).isCloseTo(expected[j], within(1e-3f));
    }

    @Test
    void yarnInterpolatesByARampAndScalesTheWaves() {
        RopeScaling.Yarn yarn = new RopeScaling.Yarn(4, 2048, 32, 1, true, RopeScaling.Yarn.usualAttentionFactor(4, 1));
        float[] plain = RopeTables.frequencies(64, 10_000, new RopeScaling.None(), 4096);
        float[] scaled = RopeTables.frequencies(64, 10_000, yarn, 4096);
        // correction dimensions: 64 · ln(2048 / (rotations · 2π)) / (2 · ln 10000) = 8.06 and 20.1, so the ramp runs
        // from 8 to 21
        for (int j = 0; j < plain.length; j++) {
            double ramp = Math.clamp((j - 8) / 13.0, 0, 1);
            assertThat(scaled[j]).isCloseTo((float) (plain[j] * (1 - ramp) + plain[j] / 4 * ramp), within(1e-7f));
        }
        assertThat(yarn.attentionFactor()).isCloseTo(1.1386294361, within(1e-9));
    }

    @Test
    void longRopeTakesItsFactorsByTheContextAndScalesTheWaves() {
        RopeScaling.LongRope scaling =
                new RopeScaling.LongRope(List.of(1.0, 1.5, 2.0, 3.0), List.of(2.0, 4.0, 6.0, 8.0), 64, 1.2);
        float[] plain = RopeTables.frequencies(8, 10_000, new RopeScaling.None(), 64);
        float[] inside = RopeTables.frequencies(8, 10_000, scaling, 64);
        float[] beyond = RopeTables.frequencies(8, 10_000, scaling, 65);
        for (int j = 0; j < 4; j++) {
            assertThat(inside[j])
                    .isCloseTo(plain[j] / scaling.shortFactors().get(j).floatValue(), within(1e-7f));
            assertThat(beyond[j])
                    .isCloseTo(plain[j] / scaling.longFactors().get(j).floatValue(), within(1e-7f));
        }
        try (Arena arena = Arena.ofConfined()) {
            RopeTable table = RopeTables.of(new Rope(10_000, scaling), 8, Optional.empty(), 64, false, arena);
            assertThat(table.cos().get(0, 0)).isEqualTo(1.2f);
        }
    }

    @Test
    void tableHoldsCosinesOfRoundedAngles() {
        Rope rope = new Rope(10_000, new RopeScaling.None());
        try (Arena arena = Arena.ofConfined()) {
            RopeTable table = RopeTables.of(rope, 8, Optional.empty(), 4096, true, arena);
            assertThat(table.interleaved()).isTrue();
            assertThat(table.cos().get(0, 3)).isEqualTo(1);
            float angle = 4001 * 0.1f;
            assertThat(table.sin().get(4001, 1)).isEqualTo((float) StrictMath.sin(angle));
            FloatMatrix divisors = FloatMatrix.allocate(1, 4, arena);
            for (int j = 0; j < 4; j++) divisors.set(0, j, 2);
            RopeTable halved = RopeTables.of(rope, 8, Optional.of(divisors), 8, true, arena);
            assertThat(halved.cos().get(4, 0)).isEqualTo(table.cos().get(2, 0));
        }
    }
}
