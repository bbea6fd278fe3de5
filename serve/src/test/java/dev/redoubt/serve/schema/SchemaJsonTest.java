package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.redoubt.base.json.StrictJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class SchemaJsonTest {
    private static final Schema ALL = new Schema.Fields(List.of(
            new Schema.Field("text", new Schema.Text(), true),
            new Schema.Field("whole", new Schema.Whole(Long.MIN_VALUE, Long.MAX_VALUE), false),
            new Schema.Field("real", new Schema.Real(-Float.MAX_VALUE, Float.MAX_VALUE), true),
            new Schema.Field("bool", new Schema.Bool(), true),
            new Schema.Field("choice", new Schema.Choice(List.of("A", "B")), true),
            new Schema.Field("binary", new Schema.Binary(), true),
            new Schema.Field("many", new Schema.Many(new Schema.Real()), true),
            new Schema.Field("table", new Schema.Table(new Schema.Many(new Schema.Text())), true),
            new Schema.Field("box", new Schema.Box(DType.I64, List.of(-1, 3)), true)));

    private static Schema read(String text) throws Exception {
        return SchemaJson.read(new StrictJson(SchemaJson.LIMITS).parse(text.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void everySchemaComesBackAsItWent() throws Exception {
        Schema deepest = ALL;
        while (deepest.depth() < Schema.DEPTH_MAX)
            deepest = new Schema.Fields(List.of(new Schema.Field("inner", deepest, true)));
        for (Schema schema : List.of(ALL, deepest))
            assertThat(read(SchemaJson.write(schema).toString())).isEqualTo(schema);
    }

    @Test
    void anythingElseIsRefused() {
        for (String text : List.of(
                "[]",
                "{}",
                "{\"type\":\"object\"}",
                "{\"type\":\"text\",\"more\":1}",
                "{\"type\":\"many\"}",
                "{\"type\":\"whole\",\"min\":0,\"max\":1.5}",
                "{\"type\":\"box\",\"dtype\":\"F16\",\"shape\":[]}",
                "{\"type\":\"box\",\"dtype\":\"F32\",\"shape\":[-2]}",
                "{\"type\":\"box\",\"dtype\":\"F32\",\"shape\":[1,1,1,1,1,1,1,1,1]}",
                "{\"type\":\"fields\",\"fields\":[{\"name\":\"a\",\"schema\":{\"type\":\"text\"}}]}",
                "{\"type\":\"fields\",\"fields\":[{\"name\":\"a\",\"required\":true,\"type\":\"text\","
                        + "\"schema\":{\"type\":\"text\"}}]}"))
            assertThatIllegalArgumentException().as(text).isThrownBy(() -> read(text));
    }
}
