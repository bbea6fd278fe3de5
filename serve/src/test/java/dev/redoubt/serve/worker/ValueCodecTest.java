package dev.redoubt.serve.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.SchemaCheck;
import dev.redoubt.serve.schema.Tensor;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

class ValueCodecTest {
    private static final int FRAME = 1 << 20;

    private static final Schema ALL = new Schema.Fields(List.of(
            new Schema.Field("text", new Schema.Text(), true),
            new Schema.Field("whole", new Schema.Whole(-5, 1L << 40), true),
            new Schema.Field("real", new Schema.Real(), true),
            new Schema.Field("truth", new Schema.Bool(), true),
            new Schema.Field("choice", new Schema.Choice(List.of("red", "green")), true),
            new Schema.Field("bytes", new Schema.Binary(), true),
            new Schema.Field("many", new Schema.Many(new Schema.Fields(List.of())), true),
            new Schema.Field("table", new Schema.Table(new Schema.Whole(0, 9)), true),
            new Schema.Field("box", new Schema.Box(DType.F32, List.of(2, -1)), true),
            new Schema.Field("may", new Schema.Text(), false),
            new Schema.Field("mayNot", new Schema.Text(), false)));

    private static final String VALUE = """
            {"text": "Grüße 🙂", "whole": 1099511627776, "real": -0.1, "truth": true, "choice": "green",
             "bytes": "AAEC", "many": [{}, {}], "table": {"a": 1, "b": 2}, "box": [[1, 2, 3], [4, 5, 6]],
             "may": ""}
            """;

    @Test
    void whatIsWrittenIsRead() throws Exception {
        JsonNode value = parse(VALUE);
        SchemaCheck.check(ALL, value);
        JsonNode read = ValueCodec.read(ALL, reader(written(value)));
        SchemaCheck.check(ALL, read);
        assertThat(read.get("text")).isEqualTo(value.get("text"));
        assertThat(read.get("whole").longValue()).isEqualTo(1L << 40);
        assertThat(read.get("real").doubleValue()).isEqualTo(-0.1);
        assertThat(read.get("truth").booleanValue()).isTrue();
        assertThat(read.get("choice")).isEqualTo(value.get("choice"));
        assertThat(read.get("bytes").binaryValue()).containsExactly(0, 1, 2);
        assertThat(read.get("many")).isEqualTo(value.get("many"));
        assertThat(read.get("table")).isEqualTo(value.get("table"));
        assertThat(Tensor.of(read.get("box"))).isEqualTo(Tensor.of(List.of(2, 3), 1, 2, 3, 4, 5, 6));
        assertThat(read.get("may")).isEqualTo(value.get("may"));
        assertThat(read.has("mayNot")).isFalse();
    }

    @Test
    void R3_1_bytesThatWereChangedGiveAValueOfTheSchemaOrARefusal() throws Exception {
        byte[] good = written(parse(VALUE));
        long seed = 42;
        Random random = new Random(seed);
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bad = good.clone();
            for (int i = 0; i < 1 + round % 3; i++) bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            try {
                SchemaCheck.check(ALL, ValueCodec.read(ALL, reader(bad)));
            } catch (BadFrame expected) {
                refused++;
            }
        }
        assertThat(refused).as("seed %s", seed).isGreaterThan(1_000);
    }

    @Test
    void R3_1_aCountIsComparedWithWhatIsThereBeforeAnythingIsMade() {
        Schema deep = new Schema.Many(new Schema.Many(new Schema.Fields(List.of())));
        byte[] bytes = {(byte) 0xFF, (byte) 0xFF, 3}; // 65,535 items in no bytes
        assertThatThrownBy(() -> ValueCodec.read(deep, reader(bytes)))
                .isInstanceOf(BadFrame.class)
                .hasMessage("a count of 65535, limit is 3");
        Schema box = new Schema.Box(DType.F64, List.of(-1, -1));
        byte[] huge = {2, (byte) 0xFF, (byte) 0xFF, 3, (byte) 0xFF, (byte) 0xFF, 3}; // 34 GB of elements
        assertThatThrownBy(() -> ValueCodec.read(box, reader(huge)))
                .isInstanceOf(BadFrame.class)
                .hasMessage("a tensor over its limit");
    }

    @Test
    void R3_1_aNumberThatIsNoneIsRefused() {
        byte[] nan = ByteBuffer.allocate(8).putDouble(Double.NaN).array();
        assertThatThrownBy(() -> ValueCodec.read(new Schema.Real(), reader(nan)))
                .isInstanceOf(BadFrame.class);
        byte[] tensor = ByteBuffer.allocate(6)
                .put((byte) 1)
                .put((byte) 1)
                .put(new byte[] {0, 0, (byte) 0x80, 0x7F})
                .array();
        assertThatThrownBy(() -> ValueCodec.read(new Schema.Box(DType.F32, List.of(1)), reader(tensor)))
                .isInstanceOf(BadFrame.class)
                .hasMessageContaining("no finite number");
    }

    @Test
    void aValueThatDoesNotFitIntoAFrameIsRefusedWhereItIsWritten() {
        JsonNode large = JsonNodeFactory.instance.stringNode("x".repeat(FRAME));
        assertThatThrownBy(() -> ValueCodec.write(new Schema.Text(), large, frame()))
                .isInstanceOf(FrameWriter.FrameTooLarge.class)
                .hasMessage("a frame has at most 1048576 bytes");
    }

    private static FrameWriter frame() {
        return new FrameWriter(FrameType.ITEM, 1, FRAME);
    }

    private static byte[] written(JsonNode value) {
        FrameWriter out = frame();
        ValueCodec.write(ALL, value, out);
        ByteBuffer bytes = out.finished();
        byte[] body = new byte[bytes.remaining() - Frames.HEADER_BYTES];
        bytes.position(Frames.HEADER_BYTES).get(body);
        return body;
    }

    private static FrameReader reader(byte[] body) {
        return new FrameReader(body, 0, body.length);
    }

    private static JsonNode parse(String json) throws Exception {
        return new StrictJson(JsonLimits.REQUEST).parse(json.getBytes(StandardCharsets.UTF_8));
    }
}
