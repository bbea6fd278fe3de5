package dev.redoubt.engine.tokenize;

import ai.djl.engine.EngineException;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;

/// The one place that touches the library.
final class TokenLibrary implements AutoCloseable {
    /* Native code that unpacks itself: DJL reads the system properties (or environment variables)
     * `ENGINE_CACHE_DIR`, the private folder that its shared library is unpacked to and loaded from,
     * `ai.djl.offline`=true and `RUST_FLAVOR`=cpu, so that it never looks for one elsewhere. The launcher sets all
     * three. `newInstance(InputStream, …)` is the only way in that never reads a path or the network. A panic in
     * there can take the process with it, so only files that were looked through get here. */
    private static final Map<String, String> OPTIONS =
            Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false");

    private final HuggingFaceTokenizer tokenizer;

    /// @param json in UTF-8
    TokenLibrary(byte[] json) {
        try {
            this.tokenizer = HuggingFaceTokenizer.newInstance(new ByteArrayInputStream(json), OPTIONS);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (EngineException e) { // the file was not even looked at
            throw new IllegalStateException(
                    "the tokenizer library cannot be unpacked and loaded: make the folder ENGINE_CACHE_DIR writable",
                    e);
        } catch (RuntimeException e) {
            throw GgufVocabulary.refused("tokenizer.json is refused by the tokenizer library");
        }
    }

    /// @param text without lone surrogates
    long[] ids(String text) {
        return text.isEmpty()
                ? new long[0]
                : tokenizer.encode(text, false, false).getIds();
    }

    @Override
    public void close() {
        tokenizer.close();
    }
}
