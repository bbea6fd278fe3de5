package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.LanguageModel;

/// What every reply and chunk of one request repeats.
///
/// @param id made by the server
/// @param created seconds since 1970
/// @param usageChunk a stream ends with the usage, and all its other chunks have a null there
public record ReplyHead(String id, long created, LanguageModel model, boolean usageChunk) {
    JsonWriter begin(StringBuilder out, String object) {
        JsonWriter json = new JsonWriter(out)
                .beginObject()
                .name("id")
                .value(id)
                .name("object")
                .value(object);
        return json.name("created")
                .value(created)
                .name("model")
                .value(model.card().name());
    }

    JsonWriter beginChunk(StringBuilder out, String object) {
        out.append("data: ");
        return begin(out, object);
    }

    void endChunk(StringBuilder out, JsonWriter json) {
        if (usageChunk) json.name("usage").nothing();
        json.endObject();
        out.append("\n\n");
    }

    void usage(StringBuilder out, String object, Answer answer) {
        if (!usageChunk) return;
        JsonWriter json = beginChunk(out, object).name("choices").beginArray().endArray();
        answer.writeUsage(json);
        json.endObject();
        out.append("\n\n");
    }
}
