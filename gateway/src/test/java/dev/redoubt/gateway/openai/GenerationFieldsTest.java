package dev.redoubt.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class GenerationFieldsTest {
    private final GenerationFields fields = new GenerationFields(RequestLimits.DEFAULT);
    private final StrictJson json = new StrictJson(JsonLimits.REQUEST);

    @Test
    void defaultsAreThoseOfTheRules() {
        GenerationCall call = chat("");
        assertThat(call.prompts()).containsExactly(new Prompt.Chat(List.of(new ChatMessage("user", "hi"))));
        assertThat(call.sampling().temperature()).isEqualTo(0.7);
        assertThat(call.sampling().maxTokens()).isEqualTo(512);
        assertThat(call.sampling().maxTokensYields()).isTrue();
        assertThat(call.sampling().topP()).isEqualTo(1);
        assertThat(call.sampling().topK()).isZero();
        assertThat(call.sampling().repetitionPenalty()).isEqualTo(1);
        assertThat(call.sampling().seed()).isEqualTo(OptionalLong.empty());
        assertThat(call.sampling().logprobs()).isEqualTo(OptionalInt.empty());
        assertThat(call.choices()).isEqualTo(1);
        assertThat(call.stream()).isFalse();
    }

    @Test
    void everythingThatWorksArrives() {
        GenerationCall call =
                chat(",\"max_completion_tokens\":7,\"temperature\":1,\"top_p\":0.5,\"top_k\":-1,\"min_p\":0.1,"
                        + "\"presence_penalty\":1,\"frequency_penalty\":-1,\"repetition_penalty\":1.1,\"logit_bias\":{\"5\":-100},"
                        + "\"seed\":-9223372036854775808,\"stop\":\"x\",\"stop_token_ids\":[3,4],\"n\":8,\"logprobs\":true,"
                        + "\"top_logprobs\":20,\"ignore_eos\":true,\"min_tokens\":7,\"user\":\"u\",\"stream\":true,"
                        + "\"stream_options\":{\"include_usage\":true},\"response_format\":{\"type\":\"text\"}");
        assertThat(call.sampling().maxTokens()).isEqualTo(7);
        assertThat(call.sampling().maxTokensYields()).isFalse();
        assertThat(call.sampling().topK()).isZero();
        assertThat(call.sampling().logitBias()).isEqualTo(Map.of(5, -100.0));
        assertThat(call.sampling().seed()).hasValue(Long.MIN_VALUE);
        assertThat(call.sampling().stop()).containsExactly("x");
        assertThat(call.sampling().stopTokenIds()).isEqualTo(Set.of(3, 4));
        assertThat(call.sampling().logprobs()).hasValue(20);
        assertThat(call.endUser()).contains("u");
        assertThat(call.includeUsage()).isTrue();
    }

    @Test
    void nullIsAbsentAlsoForWhatIsNotSupported() {
        assertThat(chat(",\"stop\":null,\"tools\":null,\"seed\":null,\"n\":null"))
                .isEqualTo(chat(""));
    }

    @Test
    void developersAreTheSystemAndPartsAreLines() {
        GenerationCall call = fields.chat(fields.chatTable().decode("", parse("""
                {"model":"m","messages":[{"role":"developer","content":"a"},
                {"role":"user","content":[{"type":"text","text":"b"},{"type":"text","text":"c"}]}]}""")));
        assertThat(call.prompts())
                .containsExactly(
                        new Prompt.Chat(List.of(new ChatMessage("system", "a"), new ChatMessage("user", "b\nc"))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"x\"|1",
                "[\"x\",\"y\"]|2",
                "[1,2]|1",
                "[[1],[2,3]]|2",
            })
    void promptsComeInFourForms(String prompt, int count) {
        assertThat(completion(prompt, "").prompts()).hasSize(count);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[]", "[[]]", "[1,\"x\"]", "[\"x\",1]", "[[1],2]", "[1.0]", "[-1]", "{}", "true", "[[[1]]]"})
    void R3_4_otherFormsAreRefused(String prompt) {
        assertRefused(() -> completion(prompt, ""), "prompt");
    }

    @Test
    void R1_4_moreThan32PromptsAreRefused() {
        assertThat(completion("[" + "\"x\",".repeat(31) + "\"x\"]", "").prompts())
                .hasSize(32);
        assertRefused(() -> completion("[" + "\"x\",".repeat(32) + "\"x\"]", ""), "prompt");
    }

    @Test
    void V1_4_thePromptLimitIsInCodePoints() {
        assertThat(completion("\"" + "\uD83D\uDE42".repeat(8192) + "\"", "").prompts())
                .hasSize(1);
        assertRefused(() -> completion("\"" + "\uD83D\uDE42".repeat(8193) + "\"", ""), "prompt");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"tools\":[]",
                "\"tool_choice\":\"none\"",
                "\"functions\":[]",
                "\"response_format\":{\"type\":\"json_object\"}",
                "\"audio\":{}",
                "\"store\":true",
                "\"metadata\":{}",
                "\"service_tier\":\"auto\"",
                "\"echo\":true",
                "\"parallel_tool_calls\":true",
                "\"reasoning_effort\":\"low\"",
                "\"prediction\":{}",
                "\"modalities\":[\"text\"]",
                "\"web_search_options\":{}",
                "\"guided_json\":{}",
                "\"best_of\":2",
                "\"max_tokens\":1.0",
                "\"max_tokens\":\"1\"",
                "\"max_tokens\":2049",
                "\"max_tokens\":true",
                "\"n\":9",
                "\"n\":0",
                "\"temperature\":2.01",
                "\"temperature\":1e999",
                "\"top_p\":0",
                "\"min_p\":1.5",
                "\"top_k\":-2",
                "\"repetition_penalty\":0",
                "\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]",
                "\"stop\":\"\"",
                "\"logit_bias\":{\"01\":1}",
                "\"logit_bias\":{\"1\":101}",
                "\"top_logprobs\":1",
                "\"stream_options\":{}",
                "\"min_tokens\":513",
                "\"prompt_logprobs\":21",
                "\"user\":\"\"",
                "\"evil\":null"
            })
    void R3_4_theFieldToBlameIsNamed(String field) {
        assertRefused(() -> chat("," + field), field.split("\"")[1]);
    }

    @Test
    void fieldsThatDisagreeAreRefused() {
        assertRefused(() -> chat(",\"max_tokens\":1,\"max_completion_tokens\":2"), "max_tokens");
        assertThat(chat(",\"max_tokens\":2,\"max_completion_tokens\":2")
                        .sampling()
                        .maxTokens())
                .isEqualTo(2);
        assertRefused(() -> chat(",\"prompt_logprobs\":1,\"stream\":true"), "prompt_logprobs");
    }

    @Test
    void aScoredEchoAsksForThePromptsLogprobs() {
        assertThat(completion("\"x\"", ",\"echo\":true,\"logprobs\":2")
                        .sampling()
                        .promptLogprobs())
                .hasValue(2);
        assertThat(completion("\"x\"", ",\"echo\":true").sampling().promptLogprobs())
                .isEmpty();
    }

    private void assertRefused(org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String field) {
        assertThatThrownBy(call).isInstanceOfSatisfying(ServeException.class, refusal -> {
            assertThat(refusal.field().orElse("")).startsWith(field);
            assertThat(refusal.getMessage()).contains(field);
            assertThat(refusal.code().status()).isEqualTo(400);
        });
    }

    private GenerationCall chat(String more) {
        return fields.chat(fields.chatTable()
                .decode(
                        "",
                        parse("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]" + more + "}")));
    }

    private GenerationCall completion(String prompt, String more) {
        return fields.completion(
                fields.completionTable().decode("", parse("{\"model\":\"m\",\"prompt\":" + prompt + more + "}")));
    }

    private tools.jackson.databind.JsonNode parse(String text) {
        try {
            return json.parse(text.getBytes(StandardCharsets.UTF_8));
        } catch (JsonRefusal e) {
            throw new AssertionError(text, e);
        }
    }
}
