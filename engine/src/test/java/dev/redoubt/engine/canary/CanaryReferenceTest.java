package dev.redoubt.engine.canary;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.kernels.Arithmetic;
import dev.redoubt.trust.ArtifactException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class CanaryReferenceTest {
    private static final CanaryReading READING = new CanaryReading(
            "f16", 2, new int[] {5, 6, 7}, new float[] {-1.5f, -Float.MIN_VALUE}, new int[] {6, 9}, "an \"answer\"");
    private static final CanaryReference REFERENCE =
            CanaryReference.of("ab".repeat(32), Instant.parse("2026-11-01T10:00:00Z"), READING);

    @Test
    void everyBitComesBack() {
        CanaryReference read = CanaryReference.parse(REFERENCE.toJson());
        assertThat(read.digest()).isEqualTo(REFERENCE.digest());
        assertThat(read.arithmetic()).isEqualTo(Arithmetic.VERSION);
        assertThat(read.madeAt()).isEqualTo(REFERENCE.madeAt());
        assertThat(read.reading().answer()).isEqualTo("an \"answer\"");
        assertThat(read.reading().textTokens()).isEqualTo(2);
        assertThat(read.reading().difference(READING)).isEmpty();
    }

    @Test
    void V6_2_oneBitOfOneLogProbabilityIsADifference() {
        float next = Math.nextUp(READING.logprobs()[0]);
        CanaryReading other =
                new CanaryReading("f16", 2, READING.ids(), new float[] {next, -Float.MIN_VALUE}, READING.top1(), "");
        assertThat(READING.difference(other))
                .hasValueSatisfying(
                        where -> assertThat(where).contains("token 1 of 2").contains("bits bfc00000"));
    }

    @Test
    void V6_2_aVectorComesBackToTheBit() {
        CanaryReading reading = embedded(1.5f, -0f);
        CanaryReference kept = CanaryReference.parse(CanaryReference.of(REFERENCE.digest(), REFERENCE.madeAt(), reading)
                .toJson());
        assertThat(kept.reading().embeds()).isTrue();
        assertThat(kept.reading().difference(embedded(1.5f, -0f))).isEmpty();
        assertThat(kept.reading().difference(embedded(1.5f, 0f)))
                .hasValueSatisfying(where -> assertThat(where).contains("number 2 of 2", "bits 80000000"));
        assertThat(kept.reading().difference(embedded(1.5f)))
                .hasValueSatisfying(where -> assertThat(where).contains("a vector of 1"));
        assertThat(kept.reading().difference(READING)).isPresent();
        assertThat(READING.difference(reading)).isPresent();
    }

    private static CanaryReading embedded(float... vector) {
        return new CanaryReading("f32", 3, new int[] {5, 6, 7}, new float[0], new int[0], "", vector);
    }

    @Test
    void V6_2_anotherTokenAnotherBestAndAnotherLengthAreDifferences() {
        float[] logprobs = READING.logprobs();
        assertThat(READING.difference(new CanaryReading("f16", 2, new int[] {5, 6, 8}, logprobs, READING.top1(), "")))
                .isPresent();
        assertThat(READING.difference(new CanaryReading("f16", 2, READING.ids(), logprobs, new int[] {6, 8}, "")))
                .isPresent();
        assertThat(READING.difference(
                        new CanaryReading("f16", 2, new int[] {5, 6}, new float[] {-1.5f}, new int[] {6}, "")))
                .hasValueSatisfying(where -> assertThat(where).contains("1 tokens were read"));
    }

    @Test
    void whatIsNoReferenceIsRefused() {
        for (String text : new String[] {
            "{}",
            "[]",
            "not JSON",
            json().replace("\"ids\":[5,6,7]", "\"ids\":[5,6]"),
            json().replace("\"arithmetic\":1", "\"arithmetic\":\"1\""),
            json().replace("\"answer\":", "\"vector_bits\":[1],\"answer\":"),
            json().replace("2026-11-01T10:00:00Z", "yesterday")
        })
            assertThatThrownBy(() -> CanaryReference.parse(text.getBytes(StandardCharsets.UTF_8)))
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageContaining("calibrate the model again");
    }

    private static String json() {
        return new String(REFERENCE.toJson(), StandardCharsets.UTF_8);
    }
}
