package dev.redoubt.engine.tokenize;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/// Just enough of a GGUF reader to get at a vocabulary in a test.
final class GgufFile {
    private final Map<String, Object> values = new HashMap<>();
    private final ByteBuffer in;

    GgufFile(Path file) {
        try (FileChannel channel = FileChannel.open(file)) {
            in = ByteBuffer.allocate((int) Math.min(channel.size(), 16 << 20)).order(ByteOrder.LITTLE_ENDIAN);
            while (in.hasRemaining() && channel.read(in) >= 0) {}
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        in.position(16);
        long keys = in.getLong();
        for (long i = 0; i < keys; i++) {
            String key = string();
            values.put(key, value(in.getInt()));
        }
    }

    private String string() {
        byte[] bytes = new byte[(int) in.getLong()];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private Object value(int type) {
        return switch (type) {
            case 0, 1 -> (long) in.get();
            case 2, 3 -> (long) in.getShort();
            case 4, 5 -> (long) in.getInt();
            case 6 -> (double) in.getFloat();
            case 7 -> in.get() != 0;
            case 8 -> string();
            case 9 -> {
                int element = in.getInt();
                long count = in.getLong();
                List<Object> list = new ArrayList<>();
                for (long i = 0; i < count; i++) list.add(value(element));
                yield list;
            }
            case 10, 11 -> in.getLong();
            case 12 -> in.getDouble();
            default -> throw new IllegalStateException("type " + type);
        };
    }

    @Nullable
    Object get(String key) {
        return values.get(key);
    }

    private List<?> list(String name) {
        return get("tokenizer.ggml." + name) instanceof List<?> list ? list : List.of();
    }

    private OptionalInt id(String name) {
        return get("tokenizer.ggml." + name) instanceof Long id ? OptionalInt.of(id.intValue()) : OptionalInt.empty();
    }

    private Optional<Boolean> flag(String name) {
        return get("tokenizer.ggml." + name) instanceof Boolean flag ? Optional.of(flag) : Optional.empty();
    }

    GgufVocabulary vocabulary() {
        List<?> scores = list("scores");
        float[] floats = new float[scores.size()];
        for (int i = 0; i < floats.length; i++) floats[i] = ((Number) scores.get(i)).floatValue();
        return new GgufVocabulary(
                String.valueOf(get("tokenizer.ggml.model")),
                get("tokenizer.ggml.pre") instanceof String pre ? pre : "",
                list("tokens").stream().map(String.class::cast).toList(),
                floats,
                list("token_type").stream()
                        .mapToInt(n -> ((Number) n).intValue())
                        .toArray(),
                list("merges").stream().map(String.class::cast).toList(),
                id("bos_token_id"),
                id("unknown_token_id"),
                id("eos_token_id").stream().boxed().toList(),
                flag("add_bos_token"),
                flag("add_space_prefix"),
                false);
    }
}
