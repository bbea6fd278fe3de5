package dev.redoubt.gateway.openai;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.gateway.fields.Field;
import dev.redoubt.gateway.fields.FieldTable;
import dev.redoubt.gateway.fields.FieldType;
import dev.redoubt.gateway.fields.FieldType.Case;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/// How prompts and messages are written in a body.
final class PromptTypes {
    private static final Set<String> MESSAGE_FIELDS_UNSUPPORTED = Set.of(
            "name",
            "refusal",
            "audio",
            "annotations",
            "tool_calls",
            "tool_call_id",
            "function_call",
            "reasoning",
            "reasoning_content");
    /// Parts of one message; more than anyone sends.
    private static final int PARTS_MAX = 64;

    private static final int MESSAGES_MAX = 1024;

    private final int codePointsMax;
    private final int promptsMax;
    private final int tokensMax;

    PromptTypes(RequestLimits limits) {
        codePointsMax = limits.promptCodePointsMax();
        promptsMax = limits.promptsMax();
        tokensMax = tokensMax(limits);
    }

    /// Token ids in a list, at most: a code point takes four bytes, and a byte one token, at most.
    static int tokensMax(RequestLimits limits) {
        return 4 * limits.promptCodePointsMax();
    }

    static FieldType<Integer> tokenId() {
        return FieldType.integer(0, Integer.MAX_VALUE);
    }

    FieldType<String> text() {
        return FieldType.text()
                .map((path, text) -> {
                    checkLength(path, text.codePointCount(0, text.length()));
                    return text;
                })
                .withSchema(FieldType.schemaOf("string").put("maxLength", codePointsMax));
    }

    /// `string | [string] | [int] | [[int]]`
    FieldType<List<Prompt>> prompts() {
        FieldType<Prompt> text = text().map((path, value) -> new Prompt.Text(value));
        FieldType<Prompt> tokens = FieldType.listOf(tokenId(), 1, tokensMax).map((path, ids) -> new Prompt.Tokens(ids));
        return FieldType.either(
                "a string, a list of strings, a list of token ids or a list of lists of token ids",
                List.of(
                        new Case<>(JsonNode::isString, text.map((path, prompt) -> List.of(prompt))),
                        new Case<>(firstIs(JsonNode::isNumber), tokens.map((path, prompt) -> List.of(prompt))),
                        new Case<>(firstIs(JsonNode::isArray), FieldType.listOf(tokens, 1, promptsMax)),
                        new Case<>(JsonNode::isArray, FieldType.listOf(text, 1, promptsMax))));
    }

    FieldType<List<ChatMessage>> messages() {
        Field<String> role = Field.required(
                "role", FieldType.oneOf(List.of("system", "developer", "user", "assistant")), "who speaks");
        Field<String> content = Field.required("content", content(), "what is said");
        FieldTable message = new FieldTable(List.of(role, content), MESSAGE_FIELDS_UNSUPPORTED);
        FieldType<ChatMessage> decoded = message.map((path, values) -> {
            String speaker = values.get(role);
            return new ChatMessage(speaker.equals("developer") ? "system" : speaker, values.get(content));
        });
        return FieldType.listOf(decoded, 1, MESSAGES_MAX).map((path, messages) -> {
            int codePoints = 0;
            for (ChatMessage one : messages)
                codePoints += one.content().codePointCount(0, one.content().length());
            checkLength(path, codePoints);
            return messages;
        });
    }

    private FieldType<String> content() {
        Field<String> type = Field.required("type", FieldType.oneOf(List.of("text")), "the kind of the part");
        Field<String> text = Field.required("text", text(), "its text");
        FieldTable part = new FieldTable(List.of(type, text), Set.of());
        return FieldType.either(
                "a string or a list of parts",
                List.of(
                        new Case<>(JsonNode::isString, text()),
                        new Case<>(
                                JsonNode::isArray,
                                FieldType.listOf(part, 1, PARTS_MAX).map((path, parts) -> {
                                    StringBuilder joined = new StringBuilder();
                                    for (var one : parts) {
                                        if (!joined.isEmpty()) joined.append('\n'); // as vLLM and llama.cpp do
                                        joined.append(one.get(text));
                                    }
                                    return joined.toString();
                                }))));
    }

    private void checkLength(String path, int codePoints) {
        if (codePoints > codePointsMax)
            throw ServeException.ofField(ErrorCode.PROMPT_TOO_LONG, path, path, codePoints, codePointsMax);
    }

    private static Predicate<JsonNode> firstIs(Predicate<JsonNode> kind) {
        return node -> node.isArray() && !node.isEmpty() && kind.test(node.get(0));
    }
}
