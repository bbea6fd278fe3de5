package dev.redoubt.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The small trained model of the golden data and its adapters, without the reference figures that lie beside
/// them and that no model folder may have.
public final class ShakespeareFiles {
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

    /// @param name `lora-shout-all`, of all projections, or `lora-shout-qv`
    public static Path adapter(String name, Path folder) throws IOException {
        return copy(name, folder, "adapter_config.json", "adapter_model.safetensors");
    }

    private static Path copy(String name, Path folder, String... files) throws IOException {
        Files.createDirectories(folder);
        for (String file : files)
            Files.copy(Shared.testdata("shakespeare").resolve(name).resolve(file), folder.resolve(file));
        return folder;
    }
}
