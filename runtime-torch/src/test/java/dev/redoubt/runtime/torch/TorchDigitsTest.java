package dev.redoubt.runtime.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.schema.Tensor;
import dev.redoubt.serve.worker.Confinement;
import dev.redoubt.testkit.Shared;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// The digit classifier and the stage before it, against what their maker computed.
@SuppressWarnings("NullAway.Init")
class TorchDigitsTest {
    private static final int PIXELS = 64;

    @TempDir
    Path folder;

    private Workers workers;
    private JsonNode cases;

    @BeforeEach
    void setUp() throws Exception {
        cases = new StrictJson(JsonLimits.MODEL_FILE)
                .parse(Files.readAllBytes(Shared.testdata("digits/golden.json")))
                .required("cases");
        workers = new Workers(folder);
    }

    @AfterEach
    void tearDown() {
        if (workers != null) workers.close();
    }

    private float[] pixels(int images, float scale) {
        float[] pixels = new float[images * PIXELS];
        for (int i = 0; i < pixels.length; i++)
            pixels[i] = (float) cases.get(i / PIXELS)
                            .required("pixels")
                            .get(i % PIXELS)
                            .doubleValue()
                    / scale;
        return pixels;
    }

    @Test
    void logitsAreTheMakersAndTheProcessIsConfined() throws Exception {
        Signed classifier = Signed.of(folder, Files.readAllBytes(Shared.testdata("digits/classifier.pt")));
        Servant servant = workers.start(
                Workers.spec(classifier, Workers.tensor("image", -1, 1, 8, 8), Workers.tensor("logits", -1, 10)));
        for (int count : new int[] {1, 20}) {
            Tensor images = Tensor.of(List.of(count, 1, 8, 8), pixels(count, 16));
            Tensor logits = Workers.ask(servant, "image", images, "logits");
            assertThat(logits.shape()).containsExactly(count, 10);
            for (int i = 0; i < count * 10; i++)
                assertThat((double) logits.floatAt(i))
                        .isCloseTo(
                                cases.get(i / 10).required("logits").get(i % 10).doubleValue(), within(1e-4));
        }
        Confinement confined =
                workers.runtime().confinements().values().iterator().next();
        assertThat(confined.network()).contains("none");
        assertThat(confined.files()).contains("Landlock");
        servant.healthCheck();
        servant.close();
    }

    @Test
    void aScriptedStageScalesPixels() throws Exception {
        Signed stage = Signed.of(folder, Files.readAllBytes(Shared.testdata("digits/preprocess.pt")));
        Servant servant = workers.start(
                Workers.spec(stage, Workers.tensor("pixels", -1, 64), Workers.tensor("image", -1, 1, 8, 8)));
        Tensor image = Workers.ask(servant, "pixels", Tensor.of(List.of(1, 64), pixels(1, 1)), "image");
        assertThat(image).isEqualTo(Tensor.of(List.of(1, 1, 8, 8), pixels(1, 16)));
        servant.close();
    }
}
