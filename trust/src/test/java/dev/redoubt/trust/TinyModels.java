package dev.redoubt.trust;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// Small models that are whole as containers; no engine would run them.
final class TinyModels {
    private TinyModels() {}

    /// A GGUF file of one F32 matrix [rows, 8].
    static byte[] gguf(int rows) {
        var out = new ByteArrayOutputStream();
        u32(out, 0x46554747);
        u32(out, 3);
        u64(out, 1);
        u64(out, 1);
        string(out, "general.architecture");
        u32(out, 8);
        string(out, "llama");
        string(out, "token_embd.weight");
        u32(out, 2);
        u64(out, 8);
        u64(out, rows);
        u32(out, 0);
        u64(out, 0);
        while (out.size() % 32 != 0) out.write(0);
        ByteBuffer data = ByteBuffer.allocate(rows * 32).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < rows * 8; i++) data.putFloat(i * 0.5f);
        out.writeBytes(data.array());
        return out.toByteArray();
    }

    /// A safetensors file of one F32 vector per name, two elements each.
    static byte[] safetensors(String... names) {
        var header = new StringBuilder("{");
        for (int i = 0; i < names.length; i++)
            header.append(i > 0 ? "," : "")
                    .append("\"%s\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[%d,%d]}"
                            .formatted(names[i], 8 * i, 8 * i + 8));
        header.append('}');
        var out = new ByteArrayOutputStream();
        u64(out, header.length());
        out.writeBytes(header.toString().getBytes(StandardCharsets.UTF_8));
        out.writeBytes(new byte[8 * names.length]);
        return out.toByteArray();
    }

    /// A safetensors folder with side files.
    static Path folder(Path at) {
        try {
            Files.createDirectories(at);
            Files.write(at.resolve("model.safetensors"), safetensors("a.weight", "b.weight"));
            Files.writeString(at.resolve("config.json"), "{\"model_type\":\"llama\"}");
            Files.writeString(at.resolve("tokenizer.json"), "{\"version\":\"1.0\"}");
            Files.writeString(at.resolve("a.txt"), "one\n");
            Files.writeString(at.resolve("b.txt"), "two\n");
            Files.writeString(at.resolve("LICENSE"), "Apache-2.0\n");
            Files.writeString(at.resolve(".gitattributes"), "*.safetensors filter=lfs\n");
            return at;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// A catalogue entry for these bytes.
    static CatalogueEntry entry(byte[] bytes, ModelSource... sources) {
        return new CatalogueEntry("tiny", "tiny.gguf", bytes.length, Sha256.of(bytes), "Apache-2.0", List.of(sources));
    }

    private static void string(ByteArrayOutputStream out, String text) {
        u64(out, text.length());
        out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
    }

    private static void u32(ByteArrayOutputStream out, int value) {
        out.writeBytes(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(value)
                .array());
    }

    private static void u64(ByteArrayOutputStream out, long value) {
        out.writeBytes(ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array());
    }
}
