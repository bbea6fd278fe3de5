package dev.redoubt.engine.template;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.Shared;
import java.util.HashMap;
import java.util.Map;
import org.assertj.core.api.SoftAssertions;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// Templates of the world, to the character.
class GoldenTemplatesTest {
    @Test
    void everyTemplateGivesTheExactText() {
        JsonNode cases = Data.json(Shared.testdata("templates/chat-templates.json"));
        assertThat(cases.size()).isEqualTo(27);
        SoftAssertions softly = new SoftAssertions();
        for (JsonNode one : cases) {
            String name = one.get("name").asString();
            try {
                RenderedText rendered = ChatTemplate.parse(
                                one.get("chat_template").asString())
                        .render(Data.map(one.get("data")), Data.DAY);
                softly.assertThat(rendered.text())
                        .as(name)
                        .isEqualTo(one.get("target").asString());
            } catch (TemplateException e) {
                softly.fail(name, e);
            }
        }
        softly.assertAll();
    }

    @Test
    void smollm2IsRenderedAsTheReferenceDoes() {
        JsonNode golden = Data.json(Shared.testdata("smollm2/golden.json"));
        ChatTemplate template = ChatTemplate.parse(golden.get("chat_template").asString());
        int chats = 0;
        for (JsonNode one : golden.get("cases")) {
            if (!one.has("messages")) continue;
            chats++;
            Map<String, Object> variables = new HashMap<>();
            variables.put("messages", Data.value(one.get("messages")));
            variables.put("add_generation_prompt", true);
            assertThat(template.render(variables).text())
                    .as(one.get("name").asString())
                    .isEqualTo(one.get("rendered").asString());
            variables.put("add_generation_prompt", false);
            assertThat(template.render(variables).text())
                    .as(one.get("name").asString())
                    .isEqualTo(one.get("rendered_without_generation_prompt").asString());
        }
        assertThat(chats).isPositive();
    }
}
