package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.TinyOnnx;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OnnxReaderTest {
    @TempDir
    Path temp;

    /// x → Relu → y, and whatever `more` puts into the graph before that.
    private static byte[] model(Consumer<TinyOnnx> more) {
        return TinyOnnx.model(graph -> {
            more.accept(graph);
            graph.node("Relu", "x", "y");
            graph.value(TinyOnnx.INPUT, "x", TinyOnnx.FLOAT, -1, 2);
            graph.value(TinyOnnx.OUTPUT, "y", TinyOnnx.FLOAT, -1, 2);
        });
    }

    private static Consumer<TinyOnnx> initializer(Consumer<TinyOnnx> tensor) {
        return graph -> graph.message(5, tensor);
    }

    private static OnnxModel read(byte[] bytes) {
        return OnnxReader.read(MemorySegment.ofArray(bytes));
    }

    private static void refused(byte[] bytes, String... words) {
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContainingAll(words);
    }

    @Test
    void inputsAndOutputsAreWhatTheFileDeclares() {
        OnnxModel model = read(model(graph -> {}));
        var wanted = new OnnxModel.Value("x", OnnxType.FLOAT, List.of(-1L, 2L));
        assertThat(model.inputs()).containsExactly(wanted);
        assertThat(model.outputs()).extracting(OnnxModel.Value::name).containsExactly("y");
        assertThat(model.opset()).isEqualTo(17);
    }

    @Test
    void anInputWithAStoredValueIsNotAsked() {
        OnnxModel model = read(model(graph -> graph.message(
                        5,
                        tensor -> tensor.number(1, 1).number(2, 1).text(8, "w").bytes(9, TinyOnnx.floats(1)))
                .value(TinyOnnx.INPUT, "w", TinyOnnx.FLOAT, 1)));
        assertThat(model.inputs()).extracting(OnnxModel.Value::name).containsExactly("x");
    }

    @Test
    void V4_3_everyTruncationIsRefused() {
        byte[] bytes = model(graph -> {});
        int opset = 4;
        for (int length = 0; length < bytes.length; length++) {
            if (length == bytes.length - opset) continue; // whole, but for the operator set: another refusal
            byte[] cut = Arrays.copyOf(bytes, length);
            assertThatThrownBy(() -> read(cut)).as("cut to %d bytes", length).isInstanceOf(ArtifactException.class);
        }
        refused(Arrays.copyOf(bytes, bytes.length - opset), "no version of an operator set");
    }

    @Test
    void R1_6_aFileThatIsAlsoInTheRuntimesOwnFormatIsRefused() {
        byte[] bytes = new TinyOnnx().number(1, 8).text(2, "ORTM").toBytes(); // in the fifth place: its format's mark
        assertThat(new String(bytes, 4, 4, StandardCharsets.US_ASCII)).isEqualTo("ORTM");
        refused(bytes, "ORTM", "convert it");
    }

    @Test
    void R1_6_optionsForTheRuntimeAreRefused() {
        byte[] rest = model(graph -> {});
        byte[] config = new TinyOnnx()
                .message(14, entry -> entry.text(1, "ort_config").text(2, "{}"))
                .toBytes();
        var out = new ByteArrayOutputStream();
        out.writeBytes(rest);
        out.writeBytes(config);
        refused(out.toByteArray(), "ort_config");
    }

    @Test
    void V4_3_whatTwoReadersCouldSeeDifferentlyIsRefused() {
        refused(model(graph -> graph.text(2, "a").text(2, "b")), "field 2 twice");
        refused(model(graph -> graph.number(99, 1)), "unknown field 99");
        refused(model(graph -> graph.number(2, 1)), "wrong wire type");
        refused(
                model(initializer(tensor -> tensor.number(2, 1)
                        .text(8, "w")
                        .bytes(9, TinyOnnx.floats(1))
                        .bytes(4, TinyOnnx.floats(2)))),
                "'w'",
                "data twice");
    }

    @Test
    void V4_3_externalDataIsRefusedWhereverATensorStands() {
        Consumer<TinyOnnx> tensor = t -> t.number(2, 1)
                .text(8, "w")
                .message(13, entry -> entry.text(1, "location").text(2, "*/_ORT_MEM_ADDR_/*"))
                .number(14, 1);
        refused(model(initializer(tensor)), "'w'", "external data");
        refused(
                model(graph -> graph.message(
                        1,
                        node -> node.text(2, "c")
                                .text(4, "Constant")
                                .message(
                                        5,
                                        attribute -> attribute
                                                .text(1, "value")
                                                .message(5, tensor)
                                                .number(20, 4)))),
                "'w'",
                "external data");
    }

    @Test
    void V4_3_typedDataHasItsSizeAndItsValues() {
        refused(
                model(initializer(t -> t.number(1, 2).number(2, 3).text(8, "w").bytes(5, new byte[] {1}))),
                "1 elements",
                "size is 2");
        refused(
                model(initializer(t -> t.number(1, 1).number(2, 3).text(8, "w").bytes(5, new byte[] {(byte) 0x80, 1}))),
                "INT8",
                "the value 128");
        refused(
                model(initializer(t ->
                        t.number(1, 1).number(2, 10).text(8, "w").bytes(5, new byte[] {(byte) 0x80, (byte) 0xF8, 1}))),
                "FLOAT16",
                "finite");
        refused(model(initializer(t -> t.number(2, 1).text(8, "w").bytes(7, new byte[] {1}))), "in the field 7");
    }

    @Test
    void V4_3_infinityIsAConstantAndNoWeight() {
        refused(
                model(initializer(t -> t.number(2, 1).text(8, "w").bytes(9, TinyOnnx.floats(Float.NEGATIVE_INFINITY)))),
                "'w'",
                "not finite");
        assertThatCode(() -> read(model(constant(Float.NEGATIVE_INFINITY)))).doesNotThrowAnyException();
        refused(model(constant(Float.NaN)), "not finite");
    }

    private static Consumer<TinyOnnx> constant(float value) {
        return graph -> graph.message(
                1,
                node -> node.text(2, "c")
                        .text(4, "Constant")
                        .message(
                                5,
                                attribute -> attribute
                                        .text(1, "value")
                                        .message(
                                                5, tensor -> tensor.number(2, 1).bytes(9, TinyOnnx.floats(value)))
                                        .number(20, 4)));
    }

    @Test
    void V4_3_graphsInGraphsAreCheckedAndBounded() {
        refused(model(graph -> graph.message(1, node -> nested(node, 1, "com.example.evil"))), "com.example.evil");
        assertThatCode(() -> read(model(graph -> graph.message(1, node -> nested(node, 3, "")))))
                .doesNotThrowAnyException();
        refused(model(graph -> graph.message(1, node -> nested(node, 40, ""))), "nested over 8 deep");
    }

    private static void nested(TinyOnnx node, int depth, String domain) {
        node.text(1, "x").text(2, "v" + depth).text(4, "If").text(7, depth == 1 ? domain : "");
        if (depth > 1)
            node.message(
                    5,
                    attribute -> attribute
                            .text(1, "then_branch")
                            .message(
                                    6,
                                    graph -> graph.message(1, inner -> nested(inner, depth - 1, domain))
                                            .message(12, output -> output.text(1, "v" + (depth - 1))))
                            .number(20, 5));
    }

    @Test
    void V4_3_aValueIsMadeOnce() {
        refused(model(graph -> graph.node("Relu", "x", "y")), "'y' twice");
    }

    @Test
    void otherTypesThanTensorsAreNamed() {
        refused(
                model(graph -> graph.message(11, input -> input.text(1, "s").message(2, type -> type.text(4, "")))),
                "a sequence");
        refused(model(graph -> graph.message(11, input -> input.text(1, "s"))), "'s'", "no element type");
    }

    @Test
    void V4_2_anotherDigestIsRefused() throws Exception {
        byte[] bytes = model(graph -> {});
        Path file = Files.write(temp.resolve("model.onnx"), bytes);
        String digest = "sha256:" + Sha256.of(bytes);
        try (OnnxFile read = OnnxFile.read(file)) {
            assertThat(read.verify(digest).bytes()).isEqualTo(ByteBuffer.wrap(bytes));
        }
        Files.write(file, model(graph -> graph.text(2, "other")));
        try (OnnxFile read = OnnxFile.read(file)) {
            assertThatThrownBy(() -> read.verify(digest))
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageContainingAll("model.onnx", digest);
            assertThatThrownBy(() -> read.verify("md5:00")).hasMessageContaining("64 digits");
        }
        Path link = Files.createSymbolicLink(temp.resolve("link.onnx"), file);
        assertThatThrownBy(() -> OnnxFile.read(link)).hasMessageContaining("no regular file");
    }
}
