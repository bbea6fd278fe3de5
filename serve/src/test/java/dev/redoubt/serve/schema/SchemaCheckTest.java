package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;

class SchemaCheckTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Schema LINE = fields(field("text", new Schema.Text()), field("tags", many(new Schema.Text())));
    private static final Schema ARTICLE = fields(field(
            "article",
            fields(
                    field("lines", many(LINE)),
                    new Schema.Field("year", new Schema.Whole(0, 3000), false),
                    new Schema.Field("score", new Schema.Real(), false),
                    new Schema.Field("seal", new Schema.Binary(), false),
                    new Schema.Field("tone", new Schema.Choice(List.of("DRY", "WARM")), false),
                    new Schema.Field("counts", new Schema.Table(new Schema.Bool()), false))));
    private static final Schema BOX = new Schema.Box(DType.F32, List.of(-1, 3));

    private static Schema fields(Schema.Field... fields) {
        return new Schema.Fields(List.of(fields));
    }

    private static Schema.Field field(String name, Schema schema) {
        return new Schema.Field(name, schema, true);
    }

    private static Schema many(Schema item) {
        return new Schema.Many(item);
    }

    private static void refused(Schema schema, String text, ErrorCode code, String message) {
        refused(schema, JSON.readTree(text), code, message);
    }

    private static void refused(Schema schema, JsonNode value, ErrorCode code, String message) {
        ServeException refused = catchThrowableOfType(ServeException.class, () -> SchemaCheck.check(schema, value));
        assertThat(refused).as(message).isNotNull();
        assertThat(refused.getMessage()).isEqualTo(message);
        assertThat(refused.code()).isEqualTo(code);
        assertThat(refused.code().status()).isEqualTo(400);
        assertThat(refused.field()).isPresent();
    }

    private static void taken(Schema schema, String text) {
        assertThatCode(() -> SchemaCheck.check(schema, JSON.readTree(text))).doesNotThrowAnyException();
    }

    @Test
    void R3_4_whatDoesNotFitIsNamedByItsPath() {
        taken(ARTICLE, "{\"article\":{\"lines\":[{\"text\":\"a\",\"tags\":[\"x\"]}],\"year\":1,\"score\":2}}");
        refused(ARTICLE, "[]", ErrorCode.WRONG_TYPE, "'input' must be an object");
        refused(ARTICLE, "{}", ErrorCode.MISSING_FIELD, "'article' is missing: it is required");
        refused(ARTICLE, "{\"article\":null}", ErrorCode.WRONG_TYPE, "'article' must be an object");
        refused(
                ARTICLE,
                "{\"article\":{\"lines\":[],\"evil\":1}}",
                ErrorCode.UNKNOWN_FIELD,
                "unknown field 'article.evil': remove it");
        refused(
                ARTICLE,
                "{\"article\":{\"lines\":[{\"text\":\"a\",\"tags\":[]},{\"text\":\"b\",\"tags\":[\"c\",4]}]}}",
                ErrorCode.WRONG_TYPE,
                "'article.lines[1].tags[1]' must be text");
        refused(
                ARTICLE,
                "{\"article\":{\"lines\":[{\"text\":\"a\"}]}}",
                ErrorCode.MISSING_FIELD,
                "'article.lines[0].tags' is missing: it is required");
        refused(many(new Schema.Text()), "[1]", ErrorCode.WRONG_TYPE, "'input[0]' must be text");
    }

    @Test
    void R1_7_numbersOutOfRangeOrNotFiniteAreRefused() {
        String at = "{\"article\":{\"lines\":[],\"%s\":%s}}";
        refused(
                ARTICLE,
                at.formatted("year", 3001),
                ErrorCode.OUT_OF_RANGE,
                "'article.year' is 3001, allowed is 0 to 3000");
        refused(
                ARTICLE,
                at.formatted("year", "123456789012345678901234567890"),
                ErrorCode.OUT_OF_RANGE,
                "'article.year' is beyond 64 bits, allowed is 0 to 3000");
        refused(ARTICLE, at.formatted("year", 1.5), ErrorCode.WRONG_TYPE, "'article.year' must be a whole number");
        refused(ARTICLE, at.formatted("year", "1.0"), ErrorCode.WRONG_TYPE, "'article.year' must be a whole number");
        refused(ARTICLE, at.formatted("score", "\"NaN\""), ErrorCode.WRONG_TYPE, "'article.score' must be a number");
        refused(
                new Schema.Real(),
                JsonNodeFactory.instance.numberNode(Double.NaN),
                ErrorCode.NOT_FINITE,
                "'input' is not a finite number of its type: send one that is");
        refused(
                new Schema.Real(),
                JsonNodeFactory.instance.numberNode(new java.math.BigDecimal("1e999")),
                ErrorCode.NOT_FINITE,
                "'input' is not a finite number of its type: send one that is");
        refused(
                new Schema.Real(-Float.MAX_VALUE, Float.MAX_VALUE),
                "1e39",
                ErrorCode.OUT_OF_RANGE,
                "'input' is 1.0E39, allowed is -3.4028234663852886E38 to 3.4028234663852886E38");
    }

    @Test
    void choicesTablesAndBytes() {
        String at = "{\"article\":{\"lines\":[],\"%s\":%s}}";
        taken(ARTICLE, at.formatted("tone", "\"DRY\""));
        refused(
                ARTICLE,
                at.formatted("tone", "\"dry\""),
                ErrorCode.WRONG_TYPE,
                "'article.tone' must be one of DRY, WARM");
        taken(ARTICLE, at.formatted("counts", "{\"any\":true}"));
        refused(
                ARTICLE,
                at.formatted("counts", "{\"any\":1}"),
                ErrorCode.WRONG_TYPE,
                "'article.counts.any' must be true or false");
        refused(
                ARTICLE,
                at.formatted("counts", "{\"\":true}"),
                ErrorCode.OUT_OF_RANGE,
                "'article.counts' is a name of 0 characters, allowed is 1 to 256");
        taken(ARTICLE, at.formatted("seal", "\"AAEC\""));
        taken(ARTICLE, at.formatted("seal", "\"AAE=\""));
        taken(ARTICLE, at.formatted("seal", "\"\""));
        for (String other : List.of("AAE", "AA", "AAF=", "AAECAR=="))
            refused(
                    ARTICLE,
                    at.formatted("seal", "\"" + other + "\""),
                    ErrorCode.WRONG_TYPE,
                    "'article.seal' must be bytes in base64, padded and without bits that are no byte's");
        refused(
                ARTICLE,
                at.formatted("seal", "\"A*\""),
                ErrorCode.WRONG_TYPE,
                "'article.seal' must be bytes in base64");
    }

    @Test
    void R1_7_tensorsInArraysAreCheckedToTheLastElement() {
        taken(BOX, "[[1,2,3],[4,5.5,-6]]");
        taken(BOX, "[]");
        refused(
                BOX,
                "[[1,2,3],[4,5]]",
                ErrorCode.RAGGED_ARRAY,
                "'input[1]' has 2 items where the first of its kind has 3: send rows of one length");
        refused(
                BOX,
                "[[1,2]]",
                ErrorCode.WRONG_SHAPE,
                "'input' has the shape [1, 2], it must be [-1, 3] (-1 is any size)");
        refused(BOX, "[1,2,3]", ErrorCode.WRONG_TYPE, "'input' must be an array of shape [-1, 3]");
        refused(BOX, "[[1,2,[3]]]", ErrorCode.WRONG_TYPE, "'input[0][2]' must be a number");
        refused(BOX, "[[1,2,null]]", ErrorCode.WRONG_TYPE, "'input[0][2]' must be a number");
        refused(
                BOX,
                "[[1,2,1e39]]",
                ErrorCode.NOT_FINITE,
                "'input[0][2]' is not a finite number of its type: send one that is");
        refused(
                new Schema.Box(DType.U8, List.of(2)),
                "[0,256]",
                ErrorCode.OUT_OF_RANGE,
                "'input[1]' is too far from 0, allowed is what U8 can hold");
        refused(
                new Schema.Box(DType.I64, List.of(1)),
                "[1.5]",
                ErrorCode.WRONG_TYPE,
                "'input[0]' must be a whole number");
        refused(
                new Schema.Box(DType.BOOL, List.of(1)),
                "[1]",
                ErrorCode.WRONG_TYPE,
                "'input[0]' must be true or false");
    }

    @Test
    void R1_7_tensorsOfAnotherDtypeShapeOrNotFiniteAreRefused() {
        assertThatCode(() ->
                        SchemaCheck.check(BOX, Tensor.of(List.of(1, 3), 1, 2, 3).node()))
                .doesNotThrowAnyException();
        refused(
                BOX,
                Tensor.of(List.of(3), 1, 2, 3).node(),
                ErrorCode.WRONG_SHAPE,
                "'input' has the shape [3], it must be [-1, 3] (-1 is any size)");
        refused(
                BOX,
                Tensor.written(DType.F64, List.of(1, 3), data -> {}).node(),
                ErrorCode.WRONG_DTYPE,
                "'input' has the dtype F64, it must be F32");
        refused(
                BOX,
                Tensor.of(List.of(1, 3), 1, Float.NEGATIVE_INFINITY, 3).node(),
                ErrorCode.NOT_FINITE,
                "'input' is not a finite number of its type: send one that is");
        Tensor two = Tensor.written(DType.BOOL, List.of(1), data -> data.fill((byte) 2));
        refused(
                new Schema.Box(DType.BOOL, List.of(1)),
                two.node(),
                ErrorCode.NOT_FINITE,
                "'input' is not a finite number of its type: send one that is");
    }

    @Test
    void R3_2_listsAndSchemasAreBounded() {
        var array = JsonNodeFactory.instance.arrayNode();
        for (int i = 0; i <= SchemaCheck.ITEMS_MAX; i++) array.add(true);
        refused(
                many(new Schema.Bool()),
                array,
                ErrorCode.OUT_OF_RANGE,
                "'input' is 100001 items, allowed is at most 100000");
        Schema deep = new Schema.Text();
        for (int i = 0; i < Schema.DEPTH_MAX; i++) deep = many(deep);
        Schema deepest = deep;
        org.assertj.core.api.Assertions.assertThatIllegalArgumentException()
                .isThrownBy(() -> many(deepest))
                .withMessage("a schema is 11 deep, limit is 10: put less into each other");
    }
}
