package dev.redoubt.base.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

final class StrictJsonTest {
    private final StrictJson json = new StrictJson(JsonLimits.REQUEST);

    @Test
    void runsOnTheModulePath() {
        assertThat(StrictJson.class.getModule().isNamed()).isTrue();
    }

    @Test
    void parses() throws JsonRefusal {
        assertThat(parse("{\"a\":[1,2.5,\"x\",true,null]}").get("a").get(1).doubleValue())
                .isEqualTo(2.5);
    }

    /// The nodes are those that Jackson's own mapper makes.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "[]",
                "\"\\u00e9\\ud83d\\ude00\\n\"",
                " [ 0, -0, 1, -1, 2147483647, 2147483648, -9223372036854775808, 9223372036854775808 ] ",
                "[0.0, -0.0, 0.1, 1e5, 1E-7, 1e400, -1e400, 1e-400, 1.7976931348623157e308]",
                "[1.00000000000000000001, 123456789012345678901234567890.5, 0.30000000000000004]",
                "{\"a\":{\"\":[[[true,false,null]]],\"b\":\"\"},\"c\":[{\"d\":{}}]}"
            })
    void givesTheNodesOfTheMapper(String text) throws JsonRefusal {
        JsonNode expected = new JsonMapper().readTree(text);
        JsonNode actual = parse(text);
        assertThat(actual).isEqualTo(expected);
        assertThat(classes(actual)).isEqualTo(classes(expected));
    }

    private static List<Class<?>> classes(JsonNode node) {
        List<Class<?>> classes = new ArrayList<>();
        classes.add(node.getClass());
        node.values().forEach(value -> classes.addAll(classes(value)));
        return classes;
    }

    @Test
    void saysWhereTheTextGoesOnAfterItsEnd() {
        assertThatThrownBy(() -> parse("{\n} 1"))
                .isInstanceOfSatisfying(
                        JsonRefusal.class,
                        refusal -> assertThat(List.of(refusal.line(), refusal.column()))
                                .isEqualTo(List.of(2, 3)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "{",
                "{}x",
                "{\"a\":1,}",
                "[1,]",
                "NaN",
                "'a'",
                "{a:1}",
                "// c\n1",
                "\uFEFF1",
                "01",
                "[1 2]"
            })
    void refuses(String text) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(JsonRefusal.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"\"a\\ud800b\"", "\"\\udc00\"", "\"\\ud83d\""})
    void halfACharacterIsNone(String text) throws JsonRefusal {
        assertThatThrownBy(() -> parse(text))
                .isInstanceOfSatisfying(
                        JsonRefusal.class,
                        refusal -> assertThat(refusal.problem()).isEqualTo("half of a surrogate pair"));
        assertThat(parse("\"\\ud83e\\udd8a\"").stringValue()).isEqualTo("🦊");
    }

    @Test
    void namesTheDuplicateField() {
        assertThatThrownBy(() -> parse("{\"a\":1,\"a\":2}"))
                .isInstanceOfSatisfying(
                        JsonRefusal.class,
                        refusal -> assertThat(refusal.duplicateField()).isEqualTo("a"));
    }

    @Test
    void namesTheBoundThatIsExceeded() {
        StrictJson strict = new StrictJson(new JsonLimits(1_000, 2, 20, 8, 4, 4));
        assertExceeded(strict, "[[[", "nested deeper than 2");
        assertExceeded(strict, "[" + "1,".repeat(30) + "1]", "over 20 names, values and brackets");
        assertExceeded(strict, "\"123456789\"", "a text of over 8 characters");
        assertExceeded(strict, "{\"abcde\":1}", "a field name of over 4 characters");
        assertExceeded(strict, "12345", "a number of over 4 characters");
    }

    private static void assertExceeded(StrictJson strict, String text, String problem) {
        assertThatThrownBy(() -> strict.parse(text.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOfSatisfying(JsonRefusal.class, refusal -> {
                    assertThat(refusal.problem()).isEqualTo(problem);
                    assertThat(refusal.line()).isEqualTo(1);
                    assertThat(refusal.column()).isGreaterThan(1);
                });
    }

    @Test
    void refusesBrokenUtf8() {
        assertThatThrownBy(() -> json.parse(new byte[] {'"', (byte) 0xC0, (byte) 0x80, '"'}))
                .isInstanceOf(JsonRefusal.class);
    }

    @Test
    void utf16IsNotGuessed() {
        assertThatThrownBy(() -> json.parse("{\"a\":1}".getBytes(StandardCharsets.UTF_16LE)))
                .isInstanceOf(JsonRefusal.class);
    }

    private JsonNode parse(String text) throws JsonRefusal {
        return json.parse(text.getBytes(StandardCharsets.UTF_8));
    }
}
