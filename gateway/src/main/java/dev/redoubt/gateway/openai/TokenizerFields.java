package dev.redoubt.gateway.openai;

import static dev.redoubt.gateway.fields.Field.optional;
import static dev.redoubt.gateway.fields.Field.required;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.gateway.fields.Field;
import dev.redoubt.gateway.fields.FieldTable;
import dev.redoubt.gateway.fields.FieldType;
import dev.redoubt.gateway.fields.FieldValues;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/// `/tokenize` and `/detokenize`, in vLLM's shapes.
public final class TokenizerFields {
    private final Field<String> model =
            optional("model", FieldType.text(0, 256), "a served model's name; may be absent if there is one");
    private final Field<String> prompt;
    private final Field<List<ChatMessage>> messages;
    private final Field<List<Integer>> tokens;
    private final FieldTable tokenize;
    private final FieldTable detokenize;

    public TokenizerFields(RequestLimits limits) {
        PromptTypes prompts = new PromptTypes(limits);
        prompt = optional("prompt", prompts.text(), "plain text; this or messages");
        messages = optional("messages", prompts.messages(), "a conversation, rendered by the model's chat template");
        tokens = required(
                "tokens", FieldType.listOf(PromptTypes.tokenId(), 0, PromptTypes.tokensMax(limits)), "token ids");
        tokenize = new FieldTable(
                List.of(model, prompt, messages),
                Set.of(
                        "add_special_tokens",
                        "add_generation_prompt",
                        "continue_final_message",
                        "return_token_strs",
                        "chat_template",
                        "chat_template_kwargs",
                        "tools"));
        detokenize = new FieldTable(List.of(model, tokens), Set.of());
    }

    public FieldTable tokenizeTable() {
        return tokenize;
    }

    public FieldTable detokenizeTable() {
        return detokenize;
    }

    public Optional<String> model(FieldValues body) {
        return body.find(model);
    }

    /// `{count, max_model_len, tokens}`
    public String tokenize(FieldValues body, LanguageModel served) {
        Optional<String> text = body.find(prompt);
        Optional<List<ChatMessage>> conversation = body.find(messages);
        if (text.isPresent() && conversation.isPresent())
            throw ServeException.ofField(
                    ErrorCode.CONFLICTING_FIELDS, "prompt", "prompt", "'messages'", "send one of them");
        if (text.isEmpty() && conversation.isEmpty())
            throw ServeException.ofField(ErrorCode.MISSING_FIELD, "prompt", "prompt");
        int[] ids = text.map(served::tokenize).orElseGet(() -> served.tokenize(conversation.orElseThrow()));
        JsonWriter json = new JsonWriter().beginObject().name("count").value(ids.length);
        json.name("max_model_len")
                .value(served.card().contextTokensMax())
                .name("tokens")
                .beginArray();
        for (int id : ids) json.value(id);
        return json.endArray().endObject().toString();
    }

    /// `{prompt}`
    public String detokenize(FieldValues body, LanguageModel served) {
        ModelCard card = served.card();
        List<Integer> ids = body.get(tokens);
        ids.forEach(id -> GenerationFields.checkToken("tokens", id, card));
        String text = served.detokenize(ids.stream().mapToInt(Integer::intValue).toArray());
        return new JsonWriter()
                .beginObject()
                .name("prompt")
                .value(text)
                .endObject()
                .toString();
    }
}
