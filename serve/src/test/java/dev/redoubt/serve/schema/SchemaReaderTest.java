package dev.redoubt.serve.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.lang.reflect.AnnotatedType;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class SchemaReaderTest {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    enum Tone {
        DRY,
        WARM {
            @Override
            public String toString() {
                return "not its name";
            }
        }
    }

    record Line(String text, double weight) {}

    record Article(
            @Nullable String title,
            List<Line> lines,
            Map<String, Long> counts,
            Optional<Tone> tone,
            int year,
            float score,
            Boolean draft,
            byte[] seal,

            @Shape(
                    dtype = DType.F32,
                    sizes = {-1, 2})
            Tensor points) {}

    record Node(String name, List<Node> next) {}

    record Page<T>(T item) {}

    record Bounds(int low, int high) {
        Bounds {
            if (low > high) throw new IllegalArgumentException("secret words");
        }
    }

    record Loose(Object any) {}

    record AnySet(Set<String> names) {}

    record Numbered(Map<Integer, String> names) {}

    record Bare(Tensor tensor) {}

    record MaybeInList(List<Optional<String>> names) {}

    record Arrays1(float[] numbers) {}

    record D1(List<List<List<List<List<List<List<List<List<List<String>>>>>>>>>> deep) {}

    record D2(List<List<List<List<List<List<List<List<List<String>>>>>>>>> deep) {}

    record Times(java.time.Instant at) {}

    static Binding of(Class<?> type) {
        return SchemaReader.read(annotated(type), "the input of Test");
    }

    private static AnnotatedType annotated(Class<?> type) {
        return Arrays.stream(Uses.class.getRecordComponents())
                .filter(component -> component.getType() == type)
                .findFirst()
                .orElseThrow()
                .getAnnotatedType();
    }

    record Uses(
            Article article,
            Node node,
            Page<String> page,
            Bounds bounds,
            Loose loose,
            AnySet anySet,
            Numbered numbered,
            Bare bare,
            MaybeInList maybeInList,
            Arrays1 arrays,
            D1 d1,
            D2 d2,
            Times times,
            Line line) {}

    @Test
    void aFloatIsWrittenAsItIsWrittenInJavaAndIsItselfAgain() {
        Binding binding = Objects.requireNonNull(ScalarBinding.of(float.class));
        assertThat(binding.write(0.1f).doubleValue()).isEqualTo(0.1);
        Random random = new Random(3);
        for (int i = 0; i < 100_000; i++) {
            float one = Float.intBitsToFloat(random.nextInt());
            if (Float.isFinite(one))
                assertThat((float) binding.write(one).doubleValue()).isEqualTo(one);
        }
    }

    @Test
    void aRecordIsItsSchema() {
        assertThat(of(Article.class).schema())
                .isEqualTo(new Schema.Fields(List.of(
                        new Schema.Field("title", new Schema.Text(), true),
                        new Schema.Field(
                                "lines",
                                new Schema.Many(new Schema.Fields(List.of(
                                        new Schema.Field("text", new Schema.Text(), true),
                                        new Schema.Field("weight", new Schema.Real(), true)))),
                                true),
                        new Schema.Field(
                                "counts", new Schema.Table(new Schema.Whole(Long.MIN_VALUE, Long.MAX_VALUE)), true),
                        new Schema.Field("tone", new Schema.Choice(List.of("DRY", "WARM")), false),
                        new Schema.Field("year", new Schema.Whole(Integer.MIN_VALUE, Integer.MAX_VALUE), true),
                        new Schema.Field("score", new Schema.Real(-Float.MAX_VALUE, Float.MAX_VALUE), true),
                        new Schema.Field("draft", new Schema.Bool(), true),
                        new Schema.Field("seal", new Schema.Binary(), true),
                        new Schema.Field("points", new Schema.Box(DType.F32, List.of(-1, 2)), true))));
    }

    @Test
    void whatIsReadIsWrittenAgain() {
        String text = """
                {"title": "t", "lines": [{"text": "a", "weight": 1}, {"text": "b", "weight": 0.5}],
                 "counts": {"x": 9007199254740993}, "tone": "WARM", "year": 2026, "score": 0.25, "draft": false,
                 "seal": "AAEC", "points": [[1, 2], [3, 4.5]]}""";
        Binding binding = of(Article.class);
        JsonNode tree = JSON.readTree(text);
        SchemaCheck.check(binding.schema(), tree);
        Article article = (Article) binding.read(tree);

        assertThat(article.lines()).containsExactly(new Line("a", 1), new Line("b", 0.5));
        assertThat(article.counts()).containsExactly(Map.entry("x", 9007199254740993L));
        assertThat(article.tone()).contains(Tone.WARM);
        assertThat(article.seal()).containsExactly(0, 1, 2);
        assertThat(article.points()).isEqualTo(Tensor.of(List.of(2, 2), 1, 2, 3, 4.5f));

        binding.verify(article);
        JsonNode again = binding.write(article);
        SchemaCheck.check(binding.schema(), again);
        Article twice = (Article) binding.read(again);
        assertThat(twice.points()).as("no copy").isSameAs(article.points());
        assertThat(binding.write(twice)).isEqualTo(again);
    }

    @Test
    void anOptionalComponentMayBeLeftOutOrNull() {
        Binding binding = of(Article.class);
        String rest = "\"title\":\"t\",\"lines\":[],\"counts\":{},\"year\":1,\"score\":1,\"draft\":true,\"seal\":\"\","
                + "\"points\":[]";
        for (String text : List.of("{" + rest + "}", "{\"tone\":null," + rest + "}")) {
            JsonNode tree = JSON.readTree(text);
            SchemaCheck.check(binding.schema(), tree);
            Article article = (Article) binding.read(tree);
            assertThat(article.tone()).isEmpty();
            assertThat(article.points().shape()).containsExactly(0, 2);
            assertThat(binding.write(article).has("tone")).isFalse();
        }
    }

    @Test
    void R3_3_typesThatDataCouldChooseAnImplementationOfAreRefused() {
        for (Class<?> type : List.of(Loose.class, AnySet.class, Times.class, Page.class, Arrays1.class))
            assertThatIllegalArgumentException()
                    .as(type.getSimpleName())
                    .isThrownBy(() -> of(type))
                    .withMessageContaining("the input of Test")
                    .withMessageMatching(".*(use a record|write a record).*");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> of(Loose.class))
                .withMessageContaining("Loose.any is of java.lang.Object");
    }

    @Test
    void refusalsNameTheComponentAndTheWayOut() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> of(Numbered.class))
                .withMessageContaining("Numbered.names")
                .withMessageContaining("use Map<String, T>");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> of(Bare.class))
                .withMessageContaining("Bare.tensor")
                .withMessageContaining("write @Shape");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> of(MaybeInList.class))
                .withMessageContaining("an item of MaybeInList.names is Optional");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> of(Node.class))
                .withMessageContaining("an item of Node.next")
                .withMessageContaining("holds itself");
    }

    @Test
    void R3_2_aTypeOverTenLevelsDeepIsRefused() {
        assertThat(of(D2.class).schema().depth()).isEqualTo(10);
        assertThatIllegalArgumentException().isThrownBy(() -> of(D1.class)).withMessageContaining("10");
    }

    @Test
    void aRecordThatRefusesItsFieldsIsTheCallersFaultWithoutItsWords() {
        Binding binding = of(Bounds.class);
        assertThatThrownBy(() -> binding.read(JSON.readTree("{\"low\":2,\"high\":1}")))
                .isInstanceOfSatisfying(ServeException.class, refused -> {
                    assertThat(refused.code()).isEqualTo(ErrorCode.VALUE_REFUSED);
                    assertThat(refused.getMessage()).contains("input").doesNotContain("secret");
                });
    }

    @Test
    void aValueOfOurOwnThatBreaksItsSchemaIsFoundByPath() {
        Binding line = of(Line.class);
        assertThatThrownBy(() -> line.verify(new Line("a", Double.NaN)))
                .isInstanceOf(BrokenValue.class)
                .hasMessage("'weight' is not finite");
        Binding article = of(Article.class);
        Tensor nan = Tensor.of(List.of(1, 2), 1, Float.NaN);
        Tensor wide = Tensor.of(List.of(1, 3), 1, 2, 3);
        Tensor good = Tensor.of(List.of(1, 2), 1, 2);
        Line fine = new Line("a", 1);
        article.verify(article("t", List.of(fine), good));
        assertThatThrownBy(() -> article.verify(article(null, List.of(fine), good)))
                .hasMessage("'title' is null or of another class");
        assertThatThrownBy(() -> article.verify(article("t", Arrays.asList(fine, null), good)))
                .hasMessage("'lines[1]' is null or of another class");
        assertThatThrownBy(() -> article.verify(article("t", List.of(), nan)))
                .hasMessage("'points' has an element that is not finite");
        assertThatThrownBy(() -> article.verify(article("t", List.of(), wide))).hasMessageContaining("'points' is");
    }

    private static Article article(@Nullable String title, List<Line> lines, Tensor points) {
        return new Article(title, lines, Map.of(), Optional.empty(), 1, 1, true, new byte[0], points);
    }
}
