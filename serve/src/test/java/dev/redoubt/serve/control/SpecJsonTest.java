package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.Scale;
import org.junit.jupiter.api.Test;

final class SpecJsonTest {
    private static final ApplicationSpec SPEC = Specs.application(
            "shop",
            Specs.deployment("Front", 2, "class", "a.B", "model", "\u00e4\"\\"),
            Specs.deployment("Back", new Scale.Automatic(Autoscaling.between(0, 7)), "{\"level\": 1.5}"));

    @Test
    void whatIsWrittenIsRead() {
        assertThat(SpecJson.read(SpecJson.write(SPEC))).isEqualTo(SPEC);
    }

    @Test
    void anUnknownFieldIsRefusedByItsPath() {
        String text = SpecJson.write(SPEC).replace("\"missesMax\"", "\"missesMin\":1,\"missesMax\"");
        assertThatThrownBy(() -> SpecJson.read(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("unknown field 'deployments[0].health.missesMin': remove it");
    }

    @Test
    void aMissingFieldIsRefusedByItsPath() {
        String text = SpecJson.write(SPEC).replace("\"queuedMax\":1000,", "");
        assertThatThrownBy(() -> SpecJson.read(text)).hasMessage("'deployments[0].queuedMax' is missing");
    }

    @Test
    void aWrongTypeIsRefused() {
        String text = SpecJson.write(SPEC).replace("\"queuedMax\":1000", "\"queuedMax\":\"1000\"");
        assertThatThrownBy(() -> SpecJson.read(text)).hasMessage("'deployments[0].queuedMax' must be a whole number");
        assertThatThrownBy(() -> SpecJson.read("[]")).hasMessage("'' must be an object");
        assertThatThrownBy(() -> SpecJson.read("{")).hasMessageContaining("not valid JSON");
    }

    @Test
    void whatMakesNoSpecIsRefusedAsThere() {
        String text = SpecJson.write(SPEC).replace("\"name\":\"shop\"", "\"name\":\"default\"");
        assertThatThrownBy(() -> SpecJson.read(text)).hasMessageContaining("not 'default'");
    }
}
