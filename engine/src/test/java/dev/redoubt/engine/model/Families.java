package dev.redoubt.engine.model;

import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The tiny models of every family, `shared/testdata/arch`.
final class Families {
    static final List<String> ALL = List.of(
            "llama3-untied",
            "llama3-tied",
            "mistral",
            "qwen2",
            "qwen3",
            "gemma2",
            "gemma3",
            "phi3",
            "phi3-longrope",
            "mixtral",
            "qwen3-moe",
            "olmo2");

    private Families() {}

    static Path folder(String family) {
        return Shared.testdata("arch").resolve(family);
    }

    /// A folder with the weights of a family and a configuration of one's own.
    static Path with(String family, String config, Path folder) throws IOException {
        Files.createDirectories(folder);
        Files.copy(folder(family).resolve("model.safetensors"), folder.resolve("model.safetensors"));
        Files.writeString(folder.resolve("config.json"), config);
        return folder;
    }

    static String config(String family) throws IOException {
        return Files.readString(folder(family).resolve("config.json"));
    }
}
