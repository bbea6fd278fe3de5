package dev.redoubt.runtime.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
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
    void R1_7_whatTheModelDoesNotTakeOrGiveAsDeclaredDoesNotStart() throws Exception {
        Schema.Fields image = Workers.tensor("image", -1, 1, 8, 8);
        assertThat(refusal(image, Workers.tensor("logits", -1, 5)))
                .contains("'logits' of F32[1, 10], declared is F32[-1, 5]");
        assertThat(refusal(image, fields("logits", DType.I64, -1, 10))).contains("F32[1, 10], declared is I64[-1, 10]");
        assertThat(refusal(image, both(Workers.tensor("a", -1, 10), Workers.tensor("b", -1))))
                .contains("has made 1 outputs, declared are 2");
        Schema.Fields logits = Workers.tensor("logits", -1, 10);
        assertThat(refusal(both(image, Workers.tensor("more", -1)), logits))
                .contains("shop/Model does not take the inputs that are declared", "more=F32[1]");
        assertThat(refusal(fields("image", DType.I64, -1, 1, 8, 8), logits)).contains("image=I64[1, 1, 8, 8]");
        assertThat(refusal(Workers.tensor("image", 1, 63), logits)).contains("image=F32[1, 63]");
    }

    private String refusal(Schema.Fields inputs, Schema.Fields outputs) throws Exception {
        Path own = Files.createTempDirectory(folder, "model");
        Signed classifier = Signed.of(own, Files.readAllBytes(Shared.testdata("digits/classifier.pt")));
        try {
            workers.start(Workers.spec(classifier, inputs, outputs)).close();
        } catch (RuntimeRefusal refusal) {
            return String.valueOf(refusal.getMessage());
        }
        throw new AssertionError("it starts");
    }

    private static Schema.Fields fields(String name, DType dtype, Integer... shape) {
        return new Schema.Fields(List.of(new Schema.Field(name, new Schema.Box(dtype, List.of(shape)), true)));
    }

    private static Schema.Fields both(Schema.Fields first, Schema.Fields second) {
        return new Schema.Fields(
                List.of(first.fields().getFirst(), second.fields().getFirst()));
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
