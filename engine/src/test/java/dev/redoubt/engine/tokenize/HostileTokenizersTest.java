package dev.redoubt.engine.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.ArtifactException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Vocabularies that are inconsistent, or would make the library run away.
class HostileTokenizersTest {
    @TestFactory
    Stream<DynamicTest> V4_3_hostileTokenizerIsRefused() throws Exception {
        Path folder = Shared.testdata("hostile");
        List<DynamicTest> tests = new ArrayList<>();
        for (JsonNode one : GoldenTokensTest.json("hostile/manifest.json").get("cases")) {
            String id = one.get("id").asString();
            boolean accepted = id.equals("md-ok-base") || id.equals("md-ok-extras");
            if (id.startsWith("md-tok-") || accepted || id.equals("md-config-eos-range"))
                tests.add(DynamicTest.dynamicTest(id, () -> check(folder, one)));
        }
        assertThat(tests).hasSizeGreaterThan(14);
        return tests.stream();
    }

    private static void check(Path root, JsonNode one) throws IOException {
        Path folder = root.resolve(one.get("path").asString());
        byte[] tokenizer = one.has("recipe")
                ? built(one.get("recipe").get("ops").get(0).get("parts"))
                : Files.readAllBytes(folder.resolve("tokenizer.json"));
        boolean accepted = false;
        long started = System.nanoTime();
        try (Tokenizer made = Tokenizer.of(TokenizerFiles.of(
                tokenizer,
                optional(folder.resolve("tokenizer_config.json")),
                optional(folder.resolve("generation_config.json")),
                optional(folder.resolve("config.json"))))) {
            accepted = true;
            assertThat(made.decode(made.encode("the"), true)).isEqualTo("the");
        } catch (ArtifactException refusal) {
            String message = String.valueOf(refusal.getMessage()).toLowerCase(Locale.ROOT);
            for (JsonNode reason : one.get("reason_contains"))
                assertThat(List.of(reason.asString().toLowerCase(Locale.ROOT).split("\\|")))
                        .as(message)
                        .anyMatch(message::contains);
            assertThat(refusal.rule()).isEqualTo(one.get("rule").asString());
        }
        assertThat(accepted).isEqualTo(one.get("expect").asString().equals("accept"));
        assertThat((System.nanoTime() - started) / 1e9).isLessThan(10);
    }

    private static Optional<byte[]> optional(Path file) throws IOException {
        return Files.exists(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty();
    }

    private static byte[] built(JsonNode parts) {
        StringBuilder text = new StringBuilder();
        for (JsonNode part : parts) {
            if (part.has("utf8")) text.append(part.get("utf8").asString());
            else
                text.repeat(
                        Integer.parseInt(part.get("repeat_hex").asString(), 16),
                        part.get("times").asInt());
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
                "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+",
                "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
                "[一-龥぀-ゟ゠-ヿ]+",
            })
    void knownPatternPasses(String pattern) {
        SafePattern.check(pattern);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a+)+$",
                "(?=(x+x+)+y)x",
                "(a|a)*b",
                "(a|aa)+$",
                "a*a*a*b",
                "a*a*[bc]",
                "(a)\\1",
                "(?<=a+)b",
                "(?R)",
                "(?>a+)",
                "\\d(?=(?:\\d{3})*\\b)",
                "(a",
                "a)",
                "[a",
                "a{1,99999}",
                "(ab){2,20}",
                "(a?){20}",
                "*a",
                "\\g<0>",
                "\\k<n>",
                "a{,}",
                "\\"
            })
    void R1_3_patternThatCanRunAwayIsRefused(String pattern) {
        assertThatThrownBy(() -> SafePattern.check(pattern))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("pattern");
    }

    @Test
    void unknownPreTokenizerIsRefusedByName() {
        assertThatThrownBy(() -> PreTokenizer.named("mystery-7b"))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("mystery-7b");
    }
}
