package dev.redoubt.gateway;

import static dev.redoubt.gateway.BodyType.JSON;
import static dev.redoubt.gateway.BodyType.MESSAGE_PACK;
import static dev.redoubt.gateway.BodyType.SAFETENSORS;
import static dev.redoubt.gateway.BodyType.TENSOR;
import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class BodyTypeTest {
    private static final Schema BOX = new Schema.Box(DType.F32, List.of(-1, 2));
    private static final Schema TENSORS = fields(true, BOX, BOX);
    private static final Schema MIXED = fields(true, BOX, new Schema.Text());

    private static Schema fields(boolean lastRequired, Schema first, Schema last) {
        return new Schema.Fields(
                List.of(new Schema.Field("first", first, true), new Schema.Field("last", last, lastRequired)));
    }

    @Test
    void aValueIsTakenInWhatCanSayIt() {
        assertThat(BodyType.taken(BOX)).containsExactlyInAnyOrder(JSON, MESSAGE_PACK, TENSOR, SAFETENSORS);
        for (Schema schema : List.of(TENSORS, new Schema.Table(BOX), fields(false, BOX, new Schema.Text())))
            assertThat(BodyType.taken(schema)).containsExactlyInAnyOrder(JSON, MESSAGE_PACK, SAFETENSORS);
        for (Schema schema : List.of(MIXED, new Schema.Text(), new Schema.Many(BOX), new Schema.Fields(List.of())))
            assertThat(BodyType.taken(schema)).containsExactlyInAnyOrder(JSON, MESSAGE_PACK);
    }

    @Test
    void aValueIsGivenInWhatCanSayIt() {
        for (Schema schema : List.of(BOX, TENSORS, new Schema.Table(BOX)))
            assertThat(BodyType.given(schema)).containsExactlyInAnyOrder(JSON, MESSAGE_PACK, SAFETENSORS);
        for (Schema schema : List.of(MIXED, new Schema.Text(), new Schema.Fields(List.of())))
            assertThat(BodyType.given(schema)).containsExactlyInAnyOrder(JSON, MESSAGE_PACK);
    }

    @Test
    void anApplicationDescribesNoOthers() {
        JsonNode tensor = described(BOX, TENSORS);
        assertThat(tensor.at("/requestBody/content").propertyNames())
                .containsExactlyInAnyOrder(
                        "application/json",
                        "application/msgpack",
                        "application/octet-stream",
                        "application/vnd.safetensors");
        assertThat(names(tensor)).containsExactly("X-Tensor", "X-Model-Id");
        assertThat(tensor.at("/responses/200/content").propertyNames())
                .containsExactlyInAnyOrder("application/json", "application/msgpack", "application/vnd.safetensors");
        JsonNode plain = described(MIXED, MIXED);
        assertThat(names(plain)).containsExactly("X-Model-Id");
        for (String place : List.of("/requestBody/content", "/responses/200/content"))
            assertThat(plain.at(place).propertyNames())
                    .containsExactlyInAnyOrder("application/json", "application/msgpack");
    }

    @Test
    void anApplicationDescribesATensorAsEachTypeOfBodyHasIt() {
        JsonNode post = described(BOX, MIXED);
        JsonNode content = post.at("/requestBody/content");
        assertThat(content.at("/application~1json/schema/$ref").asString()).isEqualTo("#/components/schemas/Input");
        JsonNode packed = content.at("/application~1msgpack/schema/properties");
        assertThat(packed.propertyNames()).containsExactly("dtype", "shape", "data");
        assertThat(packed.at("/data/contentMediaType").asString()).isEqualTo("application/octet-stream");
        assertThat(content.at("/application~1octet-stream/schema").has("$ref")).isFalse();
        JsonNode answer = post.at("/responses/200/content/application~1msgpack/schema/properties");
        assertThat(answer.toString()).contains("\"dtype\":{\"const\":\"");
        JsonNode plain = described(new Schema.Text(), new Schema.Text());
        assertThat(plain.at("/requestBody/content/application~1msgpack/schema/$ref")
                        .asString())
                .isEqualTo("#/components/schemas/Input");
    }

    private static List<String> names(JsonNode operation) {
        return operation
                .path("parameters")
                .valueStream()
                .map(one -> one.path("name").asString())
                .toList();
    }

    private static JsonNode described(Schema input, Schema output) {
        Interface face = new Interface(input, output, false, List.of());
        return TestEdge.json(ApplicationOpenApi.describe("shop", face))
                .path("paths")
                .path("/shop")
                .path("post");
    }
}
