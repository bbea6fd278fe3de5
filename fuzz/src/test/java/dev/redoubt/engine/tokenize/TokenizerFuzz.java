package dev.redoubt.engine.tokenize;

import dev.redoubt.trust.ArtifactException;
import java.util.Optional;

/// A `tokenizer.json` becomes what the native library is given, or is refused before that (V4.3).
public final class TokenizerFuzz {
    private TokenizerFuzz() {}

    public static void fuzzerTestOneInput(byte[] input) {
        try {
            JsonConversion.plan(TokenizerFiles.of(input, Optional.empty(), Optional.empty(), Optional.empty()));
        } catch (ArtifactException refused) {
            return;
        }
    }
}
