package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

final class JsonSchemaTest {
    @Test
    void everyLimitIsSaid() {
        JsonNode schema = JsonSchema.of(new Schema.Fields(List.of(
                new Schema.Field("age", new Schema.Whole(0, 150), true),
                new Schema.Field("share", new Schema.Real(0, 1), true),
                new Schema.Field("kind", new Schema.Choice(List.of("A", "B")), true),
                new Schema.Field("raw", new Schema.Binary(), true),
                new Schema.Field("more", new Schema.Table(new Schema.Bool()), false),
                new Schema.Field("image", new Schema.Box(DType.U8, List.of(-1, 28)), true))));
        assertThat(schema.path("required").toString()).isEqualTo("[\"age\",\"share\",\"kind\",\"raw\",\"image\"]");
        assertThat(schema.path("additionalProperties").asBoolean(true)).isFalse();
        JsonNode fields = schema.path("properties");
        assertThat(fields.path("age").toString()).isEqualTo("{\"type\":\"integer\",\"minimum\":0,\"maximum\":150}");
        assertThat(fields.path("share").toString()).isEqualTo("{\"type\":\"number\",\"minimum\":0.0,\"maximum\":1.0}");
        assertThat(fields.at("/kind/enum").toString()).isEqualTo("[\"A\",\"B\"]");
        assertThat(fields.at("/raw/contentEncoding").asString()).isEqualTo("base64");
        assertThat(fields.at("/more/anyOf/0/propertyNames/maxLength").asInt()).isEqualTo(256);
        assertThat(fields.at("/more/anyOf/1/type").asString()).isEqualTo("null");
        assertThat(fields.at("/image/items/minItems").asInt()).isEqualTo(28);
        assertThat(fields.path("image").has("minItems")).isFalse();
        assertThat(fields.at("/image/items/items/maximum").asInt()).isEqualTo(255);
        assertThat(fields.at("/image/x-shape").toString()).isEqualTo("[-1,28]");
    }
}
