package dev.redoubt.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// The small trained model of the golden data and its adapters, without the reference figures that lie beside
/// them and that no model folder may have.
public final class ShakespeareFiles {
    /// The model in every weight format.
    public static final List<String> VARIANTS = List.of(
            "Q4_0",
            "Q8_0",
            "Q2_K",
            "Q3_K",
            "Q4_K_M",
            "Q5_K",
            "Q6_K",
            "IQ4_NL",
            "IQ4_XS",
            "MIXED",
            "awq-4bit-g128",
            "gptq-4bit-g128",
            "gptq-4bit-g128-actorder",
            "gptq-8bit-g128",
            "ct-w4a16-g128",
            "ct-w8a8-int8",
            "ct-fp8-dynamic",
            "base-bf16");
    private static final List<String> OF_A_VARIANT = List.of(
            "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "quantize_config.json");

    private ShakespeareFiles() {}

    /// A copy of one of [#VARIANTS].
    ///
    /// @return the GGUF file or the model folder, in `folder`
    public static Path variant(String name, Path folder) throws IOException {
        Path models = Shared.testdata("shakespeare");
        Path gguf = models.resolve("gguf/shakespeare-" + name + ".gguf");
        if (Files.exists(gguf)) return Files.copy(gguf, folder.resolve(name + ".gguf"));
        String[] present = OF_A_VARIANT.stream()
                .filter(file -> Files.exists(models.resolve(name).resolve(file)))
                .toArray(String[]::new);
        return copy(name, folder.resolve(name), present);
    }

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
