package dev.redoubt.gateway.openai;

import dev.redoubt.base.generation.Usage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;

/// The reply of `/v1/embeddings`, by how its vectors are written.
public enum EmbeddingReply {
    /// A list of numbers, each with as many digits as tell it from its neighbours.
    FLOAT {
        @Override
        void write(JsonWriter json, float[] vector) {
            json.beginArray();
            for (float number : vector) json.value(number);
            json.endArray();
        }
    },
    /// The base64 of its numbers as little-endian float32.
    BASE64 {
        @Override
        void write(JsonWriter json, float[] vector) {
            ByteBuffer bytes = ByteBuffer.allocate(4 * vector.length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(vector);
            json.value(Base64.getEncoder().encodeToString(bytes.array()));
        }
    };

    abstract void write(JsonWriter json, float[] vector);

    /// @param vectors one for each input, finite
    public String of(String model, List<float[]> vectors, Usage usage) {
        JsonWriter json = new JsonWriter()
                .beginObject()
                .name("object")
                .value("list")
                .name("data")
                .beginArray();
        for (int i = 0; i < vectors.size(); i++) {
            json.beginObject().name("object").value("embedding").name("index").value(i);
            json.name("embedding");
            write(json, vectors.get(i));
            json.endObject();
        }
        json.endArray().name("model").value(model).name("usage").beginObject();
        json.name("prompt_tokens").value(usage.promptTokens());
        json.name("total_tokens").value(usage.promptTokens()).endObject();
        return json.endObject().toString();
    }
}
