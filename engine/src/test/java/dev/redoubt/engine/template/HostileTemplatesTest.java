package dev.redoubt.engine.template;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import tools.jackson.databind.JsonNode;

/// Programs of strangers that want more than to write a prompt.
class HostileTemplatesTest {
    @TestFactory
    Stream<DynamicTest> R3_3_hostileTemplateIsRefused() {
        Path folder = Shared.testdata("hostile");
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode one : Data.json(folder.resolve("manifest.json")).get("cases"))
            if (one.get("kind").asString().equals("templates"))
                tests.add(DynamicTest.dynamicTest(one.get("id").asString(), () -> check(folder, one)));
        assertThat(tests).hasSizeGreaterThan(60);
        return tests.stream();
    }

    private static void check(Path folder, JsonNode one) throws IOException {
        String source = source(folder, one);
        Map<String, Object> data =
                Data.map(Data.json(folder.resolve(one.get("render_with").asString())));
        boolean atLoad = one.has("when") && one.get("when").asString().equals("load");
        long started = System.nanoTime();
        try {
            ChatTemplate template = ChatTemplate.parse(source);
            assertThat(atLoad).as("parsed").isFalse();
            String text = template.render(data).text();
            accepted(folder, one, text);
        } catch (TemplateException refusal) {
            assertThat(one.get("expect").asString()).as(refusal.getMessage()).isEqualTo("refuse");
            String message = String.valueOf(refusal.getMessage()).toLowerCase(Locale.ROOT);
            assertThat(message).hasSizeLessThan(300);
            for (JsonNode reason : one.get("reason_contains"))
                assertThat(List.of(reason.asString().toLowerCase(Locale.ROOT).split("\\|")))
                        .as(message)
                        .anyMatch(message::contains);
        }
        double seconds = (System.nanoTime() - started) / 1e9;
        assertThat(seconds).isLessThan(one.get("max_seconds").asDouble());
    }

    private static void accepted(Path folder, JsonNode one, String text) throws IOException {
        if (one.has("expected")) {
            assertThat(text)
                    .isEqualTo(
                            Files.readString(folder.resolve(one.get("expected").asString())));
        } else if (one.has("or_output")) {
            assertThat(text).isEqualTo(one.get("or_output").asString());
        } else {
            assertThat(one.has("or_output_without"))
                    .as("rendered: a refusal was due")
                    .isTrue();
            for (JsonNode word : one.get("or_output_without"))
                assertThat(text).doesNotContainIgnoringCase(word.asString());
        }
    }

    private static String source(Path folder, JsonNode one) throws IOException {
        if (!one.has("recipe"))
            return Files.readString(folder.resolve(one.get("path").asString()));
        StringBuilder source = new StringBuilder();
        for (JsonNode part : one.get("recipe").get("parts")) {
            if (part.has("utf8")) source.append(part.get("utf8").asString());
            else
                source.repeat(
                        part.get("repeat_utf8").asString(), part.get("times").asInt());
        }
        return source.toString();
    }
}
