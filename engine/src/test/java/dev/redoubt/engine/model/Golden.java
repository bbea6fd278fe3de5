package dev.redoubt.engine.model;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.databind.JsonNode;

/// Reads golden data.
final class Golden {
    private Golden() {}

    static JsonNode json(Path file) throws IOException, JsonRefusal {
        return new StrictJson(JsonLimits.MODEL_FILE).parse(Files.readAllBytes(file));
    }

    static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::intValue).toArray();
    }

    static float[] floats(JsonNode array) {
        float[] result = new float[array.size()];
        for (int i = 0; i < result.length; i++) result[i] = (float) array.get(i).doubleValue();
        return result;
    }

    static float[] floats(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        float[] result = new float[bytes.remaining() / 4];
        bytes.asFloatBuffer().get(result);
        return result;
    }

    static int[] ints(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        int[] result = new int[bytes.remaining() / 4];
        bytes.asIntBuffer().get(result);
        return result;
    }
}
