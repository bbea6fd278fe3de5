package dev.redoubt.engine.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.engine.template.ChatTemplate;
import dev.redoubt.testkit.Shared;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Ids as llama.cpp and transformers give them.
class GoldenTokensTest {
    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "llama-bpe", "qwen2", "llama-spm"})
    void idsAreThoseOfLlamaCpp(String name) throws Exception {
        Path gguf = Shared.testdata("tokenizers/ggml-vocab-" + name + ".gguf");
        String[] texts = Files.readString(Path.of(gguf + ".inp")).split("\n__ggml_vocab_test__\n");
        List<String> expected = Files.readAllLines(Path.of(gguf + ".out"));
        assertThat(texts).hasSameSizeAs(expected);
        try (Tokenizer tokenizer = Tokenizer.of(new GgufFile(gguf).vocabulary())) {
            for (int i = 0; i < texts.length; i++) {
                int[] ids = Arrays.stream(expected.get(i).trim().split(" "))
                        .filter(id -> !id.isEmpty())
                        .mapToInt(Integer::parseInt)
                        .toArray();
                assertThat(tokenizer.encodeWithoutBos(texts[i]))
                        .as("text %d", i)
                        .isEqualTo(ids);
                assertThat(tokenizer.decode(ids, true)).as("text %d", i).isEqualTo(texts[i]);
            }
        }
    }

    /// The names in files of OLMo 2 and SmolLM3: Llama 3's pattern, and no BOS unless the file says so.
    @ParameterizedTest
    @ValueSource(strings = {"dbrx", "smaug-bpe"})
    void llama3sPatternWithoutItsWholeWords(String pre) {
        assertThat(PreTokenizer.named(pre).patterns()).isEqualTo(PreTokenizer.LLAMA3.patterns());
        assertThat(PreTokenizer.named(pre).wholeWords()).isFalse();
    }

    @Test
    void smollm2IdsFromGguf() throws Exception {
        try (Tokenizer tokenizer = Tokenizer.of(new GgufFile(smollm2()).vocabulary())) {
            smollm2Ids(tokenizer);
            smollm2Streams(tokenizer);
            smollm2Chats(tokenizer);
            assertThat(tokenizer.endOfSequence()).containsExactlyInAnyOrder(0, 2);
            assertThat(tokenizer.bos()).hasValue(1);
            assertThat(tokenizer.addsBos()).isFalse();
            assertThat(tokenizer.vocabularySize()).isEqualTo(49152);
        }
    }

    @Test
    void smollm2IdsFromTokenizerJson() throws Exception {
        byte[] json = Files.readAllBytes(Shared.testdata("tokenizers/smollm2.tokenizer.json"));
        TokenizerFiles files = TokenizerFiles.of(json, Optional.empty(), Optional.empty(), Optional.empty());
        try (Tokenizer tokenizer = Tokenizer.of(files)) {
            smollm2Ids(tokenizer);
            smollm2Streams(tokenizer);
            smollm2Chats(tokenizer);
        }
    }

    private static Path smollm2() {
        String given = System.getenv("REDOUBT_SMOLLM2");
        Assumptions.assumeTrue(given != null, "skipped: REDOUBT_SMOLLM2 does not name the SmolLM2 GGUF");
        return Path.of(String.valueOf(given));
    }

    private static void smollm2Ids(Tokenizer tokenizer) throws Exception {
        for (JsonNode one : json("tokenizers/smollm2.json")) {
            String text = one.get("text").asString();
            int[] ids = ints(one.get("ids_no_special"));
            assertThat(tokenizer.encode(text)).as(text).isEqualTo(ids);
            String decoded = one.has("decoded") ? one.get("decoded").asString() : text;
            assertThat(tokenizer.decode(ids, false)).as(text).isEqualTo(decoded);
        }
    }

    private static void smollm2Streams(Tokenizer tokenizer) throws Exception {
        for (JsonNode one : json("tokenizers/smollm2-streaming.json")) {
            boolean skip = one.get("skip_control_tokens").asBoolean();
            StreamDecoder decoder = tokenizer.newStreamDecoder(skip);
            List<String> chunks = new ArrayList<>();
            for (int id : ints(one.get("ids"))) chunks.add(decoder.push(id));
            String rest = decoder.rest();
            String name = one.get("name").asString();
            assertThat(chunks).as(name).isEqualTo(strings(one.get("chunks")));
            assertThat(rest).as(name).isEqualTo(one.get("rest").asString());
            assertThat(tokenizer.decode(ints(one.get("ids")), skip)).isEqualTo(String.join("", chunks) + rest);
        }
    }

    private static void smollm2Chats(Tokenizer tokenizer) throws Exception {
        JsonNode golden = json("smollm2/golden.json");
        ChatTemplate template = ChatTemplate.parse(golden.get("chat_template").asString());
        for (JsonNode one : golden.get("cases")) {
            String name = one.get("name").asString();
            int[] ids = ints(one.get("ids"));
            if (one.has("messages")) {
                List<Map<String, Object>> messages = new ArrayList<>();
                for (JsonNode message : one.get("messages"))
                    messages.add(Map.of(
                            "role",
                            message.get("role").asString(),
                            "content",
                            message.get("content").asString()));
                var rendered = template.render(Map.of("messages", messages, "add_generation_prompt", true));
                assertThat(tokenizer.encode(rendered)).as(name).isEqualTo(ids);
            } else {
                assertThat(tokenizer.encode(one.get("prompt").asString()))
                        .as(name)
                        .isEqualTo(ids);
            }
            // ending at id 0 too, as llama.cpp does, cuts no golden answer before its own end
            int firstEnd = one.get("greedy").get("first_eos").asInt();
            int[] greedy = ints(one.get("greedy").get("ids"));
            int ended = IntStream.range(0, greedy.length)
                    .filter(i -> tokenizer.endOfSequence().contains(greedy[i]))
                    .findFirst()
                    .orElse(-1);
            assertThat(ended).as(name).isEqualTo(firstEnd);
        }
    }

    @Test
    void storiesIdsFromGgufAndFromTokenizerJson() throws Exception {
        Path folder = Shared.testdata("stories260k/hf-f32");
        TokenizerFiles files = TokenizerFiles.of(
                Files.readAllBytes(folder.resolve("tokenizer.json")),
                Optional.of(Files.readAllBytes(folder.resolve("tokenizer_config.json"))),
                Optional.of(Files.readAllBytes(folder.resolve("generation_config.json"))),
                Optional.of(Files.readAllBytes(folder.resolve("config.json"))));
        try (Tokenizer fromJson = Tokenizer.of(files);
                Tokenizer fromGguf =
                        Tokenizer.of(new GgufFile(Shared.testdata("stories260k/stories260K.gguf")).vocabulary())) {
            JsonNode golden = json("stories260k/logits-f32.json");
            int[] greedy = ints(golden.get("greedy").get("ids"));
            String text = Files.readString(Shared.testdata("stories260k/greedy-200.txt"));
            for (Tokenizer tokenizer : List.of(fromJson, fromGguf)) {
                assertThat(tokenizer.addsBos()).isTrue();
                assertThat(tokenizer.bos()).hasValue(1);
                assertThat(tokenizer.endOfSequence()).containsExactly(2);
                assertThat(tokenizer.vocabularySize()).isEqualTo(512);
                assertThat(tokenizer.decode(greedy, true)).isEqualTo(text.stripTrailing());
                assertThat(tokenizer.encode("")).containsExactly(1);
                for (JsonNode prompt : golden.get("prompts")) {
                    if (!prompt.has("text")) continue;
                    assertThat(tokenizer.encode(prompt.get("text").asString())).isEqualTo(ints(prompt.get("ids")));
                }
            }
            for (JsonNode one : json("tokenizers/smollm2.json")) {
                String any = one.get("text").asString();
                if (any.indexOf('▁') < 0)
                    assertThat(fromJson.encode(any)).as(any).isEqualTo(fromGguf.encode(any));
            }
        }
    }

    static JsonNode json(String file) throws Exception {
        return new StrictJson(JsonLimits.MODEL_FILE).parse(Files.readAllBytes(Shared.testdata(file)));
    }

    static int[] ints(JsonNode array) {
        int[] ints = new int[array.size()];
        for (int i = 0; i < ints.length; i++) ints[i] = array.get(i).asInt();
        return ints;
    }

    static List<String> strings(JsonNode array) {
        List<String> strings = new ArrayList<>();
        for (JsonNode one : array) strings.add(one.asString());
        return strings;
    }
}
