package dev.redoubt.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The small trained model of the golden data and its adapters, without the reference figures that lie beside them and
/// that no model folder may have.
public final class ShakespeareFiles {
    /// The adapters: of all projections, and of queries and values alone.
    public static final List<String> ADAPTERS = List.of("lora-shout-all", "lora-shout-qv");

    private ShakespeareFiles() {}

    /// The model in bf16, with its tokenizer.
    public static Path base(Path folder) throws IOException {
        return copy(
                "base-bf16",
                folder,
                "config.json",
                "generation_config.json",
                "model.safetensors",
                "special_tokens_map.json",
                "tokenizer.json",
                "tokenizer_config.json");
    }

    /// @param name one of [#ADAPTERS]
    public static Path adapter(String name, Path folder) throws IOException {
        return copy(name, folder, "adapter_config.json", "adapter_model.safetensors");
    }

    /// The same adapter by another alpha (it is 16).
    public static Path adapter(String name, int alpha, Path folder) throws IOException {
        Path copy = adapter(name, folder);
        Path config = copy.resolve("adapter_config.json");
        String text = Files.readString(config);
        Files.delete(config); // the copy has the mode of what it was copied from
        Files.writeString(config, text.replace("\"lora_alpha\": 16", "\"lora_alpha\": " + alpha));
        return copy;
    }

    private static Path copy(String name, Path folder, String... files) throws IOException {
        Files.createDirectories(folder);
        for (String file : files)
            Files.copy(Shared.testdata("shakespeare").resolve(name).resolve(file), folder.resolve(file));
        return folder;
    }
}
