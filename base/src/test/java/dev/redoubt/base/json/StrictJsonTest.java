package dev.redoubt.base.json;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

    @Test
    void namesTheDuplicateField() {
        assertThatThrownBy(() -> parse("{\"a\":1,\"a\":2}"))
                .isInstanceOfSatisfying(
                        JsonRefusal.class,
                        refusal -> assertThat(refusal.duplicateField()).isEqualTo("a"));
    }

    @Test
    void refusesDepthOverTheLimit() {
        assertThatThrownBy(() -> parse("[".repeat(11) + "]".repeat(11))).isInstanceOf(JsonRefusal.class);
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

    private tools.jackson.databind.JsonNode parse(String text) throws JsonRefusal {
        return json.parse(text.getBytes(StandardCharsets.UTF_8));
    }
}
