package dev.redoubt.gateway.openai;

import static dev.redoubt.gateway.fields.Field.optional;
import static dev.redoubt.gateway.fields.Field.required;

import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.gateway.fields.Field;
import dev.redoubt.gateway.fields.FieldTable;
import dev.redoubt.gateway.fields.FieldType;
import dev.redoubt.gateway.fields.FieldValues;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/// The body of `/v1/embeddings`: its fields, and what they mean.
public final class EmbeddingFields {
    private static final int MODEL_LENGTH_MAX = 256;
    private static final int USER_LENGTH_MAX = 512;
    private static final int DIMENSIONS_MAX = 1 << 16;

    /// Fields of vLLM.
    private static final Set<String> UNSUPPORTED = Set.of(
            "add_special_tokens",
            "cache_salt",
            "chat_template",
            "chat_template_kwargs",
            "embed_dtype",
            "endianness",
            "input_type",
            "messages",
            "mm_processor_kwargs",
            "normalize",
            "pooling",
            "priority",
            "request_id",
            "truncate_prompt_tokens",
            "truncation_side",
            "use_activation");

    private final Field<String> model = optional(
            "model", FieldType.text(0, MODEL_LENGTH_MAX), "a served model's name; may be absent if there is one");
    private final Field<List<Prompt>> input;
    private final Field<String> format = optional(
            "encoding_format",
            FieldType.oneOf(List.of("float", "base64")),
            "numbers, or the base64 of little-endian float32; float where absent");
    private final Field<Integer> dimensions = optional(
            "dimensions",
            FieldType.integer(1, DIMENSIONS_MAX),
            "how many of a vector's first numbers, where the model was trained for it");
    private final Field<String> user = optional("user", FieldType.text(1, USER_LENGTH_MAX), "your end user");
    private final FieldTable table;

    public EmbeddingFields(RequestLimits limits) {
        input = required("input", new PromptTypes(limits).prompts(), "texts or token ids");
        table = new FieldTable(List.of(model, input, format, dimensions, user), UNSUPPORTED);
    }

    public FieldTable table() {
        return table;
    }

    public EmbeddingCall call(FieldValues body) {
        return new EmbeddingCall(
                body.find(model),
                body.get(input),
                body.get(format, "float").equals("base64") ? EmbeddingReply.BASE64 : EmbeddingReply.FLOAT,
                body.find(dimensions).map(OptionalInt::of).orElse(OptionalInt.empty()),
                body.find(user));
    }
}
