package dev.redoubt.runtime.onnx;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.Tensor;
import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.OnnxFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// The digit classifier against the logits that its maker computed.
class DigitsTest {
    private static final int PIXELS = 64;

    private Path file;
    private JsonNode golden;
    private Replica replica;

    @BeforeEach
    void start() throws Exception {
        file = Shared.testdata("digits/classifier.onnx");
        golden = new StrictJson(JsonLimits.MODEL_FILE).parse(Files.readAllBytes(Shared.testdata("digits/golden.json")));
        replica = new Replica(file, 1);
    }

    @AfterEach
    void stop() {
        if (replica != null) replica.close();
    }

    /// Images as the chain's first stage makes them.
    private Tensor images(int first, int count) {
        float[] pixels = new float[count * PIXELS];
        for (int i = 0; i < pixels.length; i++)
            pixels[i] = (float) (number("pixels", first + i / PIXELS, i % PIXELS) / 16);
        return Tensor.of(List.of(count, 1, 8, 8), pixels);
    }

    private double number(String field, int image, int index) {
        JsonNode row = golden.required("cases").get(image).required(field);
        return row.get(index).doubleValue();
    }

    private void checkLogits(Tensor logits, int first, int count) {
        assertThat(logits.shape()).containsExactly(count, 10);
        for (int i = 0; i < count * 10; i++)
            assertThat((double) logits.floatAt(i))
                    .as("image %d, class %d", first + i / 10, i % 10)
                    .isCloseTo(number("logits", first + i / 10, i % 10), within(1e-4));
    }

    private Tensor logits(Tensor images) throws Exception {
        return Tensor.of(replica.output(Replica.tree(Map.of("image", images))).required("logits"));
    }

    @Test
    void aModelIsDescribedByItsOwnNamesTypesAndShapes() throws Exception {
        try (OnnxFile read = OnnxFile.read(file)) {
            Interface types =
                    OnnxTypes.describe(read.verify(Replica.digest(file)).model());
            var image = new Schema.Box(DType.F32, List.of(-1, 1, 8, 8));
            var logits = new Schema.Box(DType.F32, List.of(-1, 10));
            assertThat(types.input()).isEqualTo(new Schema.Fields(List.of(new Schema.Field("image", image, true))));
            assertThat(types.output()).isEqualTo(new Schema.Fields(List.of(new Schema.Field("logits", logits, true))));
            assertThat(types.streams()).isFalse();
            assertThat(types.calls()).isEmpty();
        }
    }

    @Test
    void logitsOfOneImageAndOfTwentyAreTheMakers() throws Exception {
        for (int image = 0; image < 20; image++) checkLogits(logits(images(image, 1)), image, 1);
        checkLogits(logits(images(0, 20)), 0, 20);
    }

    @Test
    void arraysOfJsonAreATensor() throws Exception {
        var rows = new StringBuilder("{\"image\": [[[");
        for (int row = 0; row < 8; row++) {
            rows.append(row == 0 ? "[" : ",[");
            for (int column = 0; column < 8; column++)
                rows.append(column == 0 ? "" : ",").append(number("pixels", 0, 8 * row + column) / 16);
            rows.append("]");
        }
        JsonNode input = new StrictJson(JsonLimits.REQUEST)
                .parse(rows.append("]]]}").toString().getBytes(StandardCharsets.UTF_8));
        checkLogits(Tensor.of(replica.output(input).required("logits")), 0, 1);
    }

    @Test
    void R1_7_whatTheModelDoesNotTakeIsRefusedByName() throws Exception {
        assertThat(replica.failure(Replica.tree(Map.of("image", Tensor.of(List.of(1, 64), new float[PIXELS]))))
                        .code())
                .isEqualTo(ErrorCode.WRONG_SHAPE);
        var whole = Tensor.written(DType.I32, List.of(1, 1, 8, 8), data -> {});
        assertThat(replica.failure(Replica.tree(Map.of("image", whole))).code()).isEqualTo(ErrorCode.WRONG_DTYPE);
        float[] broken = new float[PIXELS];
        broken[7] = Float.NaN;
        ServeException notFinite =
                replica.failure(Replica.tree(Map.of("image", Tensor.of(List.of(1, 1, 8, 8), broken))));
        assertThat(notFinite.code()).isEqualTo(ErrorCode.NOT_FINITE);
        assertThat(notFinite).hasMessageContaining("'image'");
        assertThat(replica.failure(Replica.tree(Map.of())).code()).isEqualTo(ErrorCode.MISSING_FIELD);
    }

    @Test
    void eightThreadsGetTheSameBitsAsOne() throws Exception {
        replica.close();
        replica = new Replica(file, 4);
        Tensor alone = logits(images(0, 20));
        List<CompletableFuture<JsonNode>> calls = new ArrayList<>();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 8; i++)
            threads.add(Thread.ofPlatform().start(() -> {
                for (int round = 0; round < 20; round++) {
                    CompletableFuture<JsonNode> call = replica.start(
                            Replica.tree(Map.of("image", images(0, 20))), Duration.ofSeconds(60), new Cancellation());
                    synchronized (calls) {
                        calls.add(call);
                    }
                    call.exceptionally(failure -> null).join();
                }
            }));
        for (Thread thread : threads) thread.join();
        assertThat(calls).hasSize(160);
        for (CompletableFuture<JsonNode> call : calls)
            assertThat(Tensor.of(call.get(60, TimeUnit.SECONDS).required("logits")))
                    .isEqualTo(alone);
    }

    @Test
    void V4_2_anotherDigestIsRefusedBeforeAnythingRuns() throws Exception {
        assertThat(Replica.refusal(file, "sha256:" + "0".repeat(64)))
                .hasMessageContainingAll("classifier.onnx", "digest", "V4.2");
    }

    @Test
    void aModelTakesNoUserConfiguration() throws Exception {
        JsonNode config = new StrictJson(JsonLimits.REQUEST).parse("{\"a\":1}".getBytes(StandardCharsets.UTF_8));
        assertThat(catchThrowable(() -> replica.servant.reconfigure(config)))
                .hasMessageContaining("takes no user configuration");
    }
}
