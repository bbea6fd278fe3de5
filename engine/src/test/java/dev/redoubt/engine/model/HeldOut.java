package dev.redoubt.engine.model;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;

/// The text that the Shakespeare models were not trained on.
final class HeldOut {
    private static final int FROM_BYTE = 1_003_854;

    private HeldOut() {}

    /// The ids of its beginning, without BOS; windows of 255 of them follow a BOS each.
    ///
    /// @param shakespeare the folder of the golden data
    static int[] ids(Path shakespeare) throws IOException {
        byte[] text = Files.readAllBytes(shakespeare.resolveSibling("text").resolve("tinyshakespeare.txt"));
        String heldOut = new String(text, FROM_BYTE, 20_000, StandardCharsets.UTF_8); // enough for the first windows
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(
                shakespeare.resolve("base-bf16").resolve("tokenizer.json"),
                Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"))) {
            return Arrays.stream(tokenizer.encode(heldOut).getIds())
                    .mapToInt(Math::toIntExact)
                    .toArray();
        }
    }
}
