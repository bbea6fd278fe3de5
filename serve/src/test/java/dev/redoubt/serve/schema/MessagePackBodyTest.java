package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.io.IOException;
import java.math.BigInteger;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.msgpack.core.MessageBufferPacker;
import org.msgpack.core.MessagePack;
import org.msgpack.core.MessagePacker;
import org.msgpack.core.MessageUnpacker;
import org.msgpack.value.Value;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class MessagePackBodyTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final Schema ANY = new Schema.Text();
    private static final long SEED = 20261128;

    private static byte[] hex(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    private static ServeException refusal(byte[] body, Schema schema) {
        return catchThrowableOfType(ServeException.class, () -> MessagePackBody.read(body, schema));
    }

    private static void refused(String hex, String problem) {
        ServeException refusal = refusal(hex(hex), ANY);
        assertThat(refusal).as(hex).isNotNull();
        assertThat(refusal.code()).as(hex).isEqualTo(ErrorCode.INVALID_BODY);
        assertThat(refusal).hasMessageContaining(problem).hasMessageStartingWith("body is not valid MessagePack: ");
    }

    @Test
    void valuesAreReadAsTheOtherImplementationWritesThemAndBack() throws IOException {
        Random random = new Random(SEED);
        for (int round = 0; round < 500; round++) {
            JsonNode tree = tree(random, 5);
            try (MessageBufferPacker packer = MessagePack.newDefaultBufferPacker();
                    MessageUnpacker unpacker = MessagePack.newDefaultUnpacker(MessagePackBody.write(tree))) {
                pack(tree, packer);
                assertThat(MessagePackBody.read(packer.toByteArray(), ANY))
                        .as("seed %s", SEED)
                        .isEqualTo(tree);
                assertThat(node(unpacker.unpackValue())).as("seed %s", SEED).isEqualTo(tree);
                assertThat(unpacker.hasNext()).isFalse();
            }
        }
    }

    private static JsonNode tree(Random random, int depth) {
        return switch (random.nextInt(depth == 0 ? 6 : 8)) {
            case 0 -> NODES.stringNode("é".repeat(random.nextInt(4) * random.nextInt(200)));
            case 1 -> whole(random.nextLong() >> random.nextInt(64));
            case 2 -> NODES.numberNode(random.nextGaussian());
            case 3 -> NODES.booleanNode(random.nextBoolean());
            case 4 -> NODES.nullNode();
            case 5 -> {
                byte[] bytes = new byte[random.nextInt(3) * random.nextInt(300)];
                random.nextBytes(bytes);
                yield NODES.binaryNode(bytes);
            }
            case 6 -> {
                ArrayNode array = NODES.arrayNode();
                for (int i = random.nextInt(20); i > 0; i--) array.add(tree(random, depth - 1));
                yield array;
            }
            default -> {
                ObjectNode map = NODES.objectNode();
                for (int i = random.nextInt(20); i > 0; i--) map.set("name" + i, tree(random, depth - 1));
                yield map;
            }
        };
    }

    private static JsonNode whole(long number) {
        return number == (int) number ? NODES.numberNode((int) number) : NODES.numberNode(number);
    }

    private static void pack(JsonNode node, MessagePacker packer) throws IOException {
        switch (node.getNodeType()) {
            case STRING -> packer.packString(node.stringValue());
            case NUMBER -> {
                if (node.isDouble()) packer.packDouble(node.doubleValue());
                else packer.packLong(node.longValue());
            }
            case BOOLEAN -> packer.packBoolean(node.booleanValue());
            case BINARY -> {
                packer.packBinaryHeader(node.binaryValue().length);
                packer.writePayload(node.binaryValue());
            }
            case ARRAY -> {
                packer.packArrayHeader(node.size());
                for (JsonNode item : node) pack(item, packer);
            }
            case OBJECT -> {
                packer.packMapHeader(node.size());
                for (Map.Entry<String, JsonNode> field : node.properties()) {
                    packer.packString(field.getKey());
                    pack(field.getValue(), packer);
                }
            }
            default -> packer.packNil();
        }
    }

    private static JsonNode node(Value value) {
        if (value.isStringValue()) return NODES.stringNode(value.asStringValue().asString());
        if (value.isIntegerValue()) return whole(value.asIntegerValue().toLong());
        if (value.isFloatValue()) return NODES.numberNode(value.asFloatValue().toDouble());
        if (value.isBooleanValue())
            return NODES.booleanNode(value.asBooleanValue().getBoolean());
        if (value.isBinaryValue()) return NODES.binaryNode(value.asBinaryValue().asByteArray());
        if (value.isArrayValue()) {
            ArrayNode array = NODES.arrayNode();
            for (Value item : value.asArrayValue()) array.add(node(item));
            return array;
        }
        if (value.isMapValue()) {
            ObjectNode map = NODES.objectNode();
            value.asMapValue()
                    .map()
                    .forEach((name, inner) -> map.set(name.asStringValue().asString(), node(inner)));
            return map;
        }
        return NODES.nullNode();
    }

    @Test
    void numbersOf64BitsAndSingleFloats() {
        assertThat(MessagePackBody.read(hex("cf ffffffffffffffff"), ANY).bigIntegerValue())
                .isEqualTo(new BigInteger("18446744073709551615"));
        assertThat(MessagePackBody.write(NODES.numberNode(new BigInteger("18446744073709551615"))))
                .isEqualTo(hex("cf ffffffffffffffff"));
        assertThat(MessagePackBody.read(hex("ca 3f000000"), ANY).doubleValue()).isEqualTo(0.5);
        assertThat(MessagePackBody.write(NODES.numberNode(0.5f))).isEqualTo(hex("ca 3f000000"));
    }

    @Test
    void R1_7_aNumberThatIsNotFiniteIsFoundByTheSchema() {
        for (String nan : List.of("ca 7fc00000", "cb 7ff0000000000000")) {
            JsonNode tree = MessagePackBody.read(hex("81 a1 61" + nan), ANY);
            Schema schema = new Schema.Fields(List.of(new Schema.Field("a", new Schema.Real(), true)));
            ServeException refusal = catchThrowableOfType(ServeException.class, () -> SchemaCheck.check(schema, tree));
            assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_FINITE);
            assertThat(refusal.field()).hasValue("a");
        }
    }

    @Test
    void aNameMayBeTextOfAnyForm() {
        for (String text : List.of("a1 61", "d9 01 61", "da 0001 61", "db 00000001 61"))
            assertThat(MessagePackBody.read(hex("81" + text + "01"), ANY))
                    .as(text)
                    .isEqualTo(NODES.objectNode().put("a", 1));
        assertThat(refusal(hex("82 a1 61 01 db 00000001 61 02"), ANY).code()).isEqualTo(ErrorCode.DUPLICATE_FIELD);
        refused("81 db 00000002 c328 01", "text that is not UTF-8");
        refused("81 db ffffffff 61 01", "text goes past the end");
    }

    @Test
    void R3_2_extensionsOtherNamesThanTextAndWhatFollowsAreRefused() {
        for (String ext : List.of("d4 01 00", "d8 01", "c7 01 01 00", "c9 00000000 01", "c1"))
            refused(ext, "an extension or reserved type");
        refused("81 01 02", "a name that is not text");
        refused("81 c4 01 61 02", "a name that is not text");
        refused("01 02", "bytes after the value at byte 1");
        refused("", "a value goes past the end at byte 0");
        refused("a2 c3 28", "text that is not UTF-8");
        ServeException twice = refusal(hex("82 a1 61 01 a1 61 02"), ANY);
        assertThat(twice.code()).isEqualTo(ErrorCode.DUPLICATE_FIELD);
        assertThat(twice.field()).hasValue("a");
    }

    @Test
    void R3_2_lengthsAreBelievedOnlyAsFarAsBytesFollow() {
        refused("dd ffffffff", "an array goes past the end at byte 5");
        refused("df 7fffffff", "a map goes past the end");
        refused("db ffffffff 61", "text goes past the end");
        refused("c6 7fffffff 00", "binary data goes past the end");
        refused("92 01", "an array goes past the end");
        refused("81 a1 61", "a value goes past the end at byte 3");
    }

    @Test
    void R3_2_depthValuesAndNamesAreBounded() {
        assertThat(MessagePackBody.read(hex("91".repeat(10) + "01"), ANY).isArray())
                .isTrue();
        refused("91".repeat(11) + "01", "more than 10 levels");
        refused("dd 00030d40" + "01".repeat(200_000), "more than 200000 values");
        for (String head : List.of("da 0101", "db 00000101"))
            refused("81" + head + "61".repeat(257) + "01", "a name of more than 256 characters");
    }

    @Test
    void R3_2_everyTruncationIsRefusedAndNoBytesDoAnythingElse() {
        byte[] whole = MessagePackBody.write(JSON.readTree(
                "{\"text\":\"abc\",\"list\":[1,-1,300,70000,-70000,5000000000,0.5,true,null],\"map\":{\"a\":{}}}"));
        for (int length = 0; length < whole.length; length++)
            assertThat(refusal(Arrays.copyOf(whole, length), ANY))
                    .as("%s bytes", length)
                    .isNotNull();
        Random random = new Random(SEED);
        int refusals = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] body = whole.clone();
            for (int i = 0; i < 3; i++) body[random.nextInt(body.length)] = (byte) random.nextInt(256);
            try {
                MessagePackBody.read(body, ANY);
            } catch (ServeException expected) { // anything else fails the test
                refusals++;
            }
        }
        assertThat(refusals).isPositive();
    }

    @Test
    void aTensorIsAMapWhereTheSchemaHasOne() {
        Schema schema = new Schema.Fields(List.of(
                new Schema.Field("pixels", new Schema.Box(DType.F32, List.of(-1)), true),
                new Schema.Field("more", new Schema.Many(new Schema.Box(DType.F32, List.of(-1))), true)));
        Tensor tensor = Tensor.of(List.of(2), 1, 2.5f);
        ObjectNode tree = NODES.objectNode();
        tree.set("pixels", tensor.node());
        tree.set("more", NODES.arrayNode().add(tensor.node()));
        JsonNode again = MessagePackBody.read(MessagePackBody.write(tree), schema);
        SchemaCheck.check(schema, again);
        assertThat(Tensor.of(again.get("pixels"))).isEqualTo(tensor);
        assertThat(Tensor.of(again.get("more").get(0))).isEqualTo(tensor);
        SchemaCheck.check(
                schema,
                MessagePackBody.read(
                        MessagePackBody.write(JSON.readTree("{\"pixels\":[1,2],\"more\":[[1]]}")), schema));
    }

    @Test
    void R1_7_aTensorOfAnotherSizeThanItSaysIsRefused() {
        Schema box = new Schema.Box(DType.F32, List.of(-1));
        for (String text : List.of(
                "{\"dtype\":\"F32\",\"shape\":[1]}",
                "{\"dtype\":\"F32\",\"shape\":[1],\"data\":1}",
                "{\"dtype\":\"F32\",\"shape\":[1],\"more\":1,\"data\":\"\"}"))
            assertThat(refusal(MessagePackBody.write(JSON.readTree(text)), box).code())
                    .isEqualTo(ErrorCode.INVALID_BODY);
        for (String shape : List.of("[2]", "[-1]", "[2147483647,2147483647]", "[1.5]", "[1,1,1,1,1,1,1,1,1]")) {
            ObjectNode tensor = (ObjectNode) JSON.readTree("{\"dtype\":\"F32\",\"shape\":" + shape + "}");
            tensor.put("data", new byte[4]);
            assertThat(refusal(MessagePackBody.write(tensor), box).code())
                    .as(shape)
                    .isEqualTo(ErrorCode.INVALID_BODY);
        }
        ObjectNode other = (ObjectNode) JSON.readTree("{\"dtype\":\"F16\",\"shape\":[2]}");
        assertThat(refusal(MessagePackBody.write(other.put("data", new byte[4])), box)
                        .field())
                .hasValue("dtype");
    }
}
