package dev.redoubt.engine.tokenize;

import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.GgufMetadata;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/// The vocabulary as a GGUF file has it (`tokenizer.ggml.*`).
///
/// @param model `gpt2` (byte-level BPE), `llama` (SentencePiece) or `bert` (WordPiece)
/// @param pre which way the text is cut before BPE; empty where the file does not say
/// @param tokens by id
/// @param scores by id; empty if the file has none
/// @param types by id, see the constants; empty if the file has none
/// @param merges best first, two tokens with a space between
/// @param addBos as the file says; empty if it does not
/// @param addSpacePrefix as the file says; empty if it does not
/// @param declaredEnds the ids of `eos`, `eot` and `eom`
/// @param stripsAfterControls whether whitespace behind a control token is not text; no file says so
record GgufVocabulary(
        String model,
        String pre,
        List<String> tokens,
        float[] scores,
        int[] types,
        List<String> merges,
        OptionalInt bos,
        OptionalInt unknown,
        List<Integer> declaredEnds,
        Optional<Boolean> addBos,
        Optional<Boolean> addSpacePrefix,
        boolean stripsAfterControls) {
    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    static final int BYTE = 6;

    private static final int TOKENS_MAX = 1 << 20;

    GgufVocabulary {
        if (tokens.isEmpty()) throw refused("tokenizer.ggml.tokens is empty");
        if (tokens.size() > TOKENS_MAX)
            throw refused("tokenizer.ggml.tokens has " + tokens.size() + " tokens, limit is " + TOKENS_MAX);
        if (scores.length != 0 && scores.length != tokens.size())
            throw refused("tokenizer.ggml.scores has length " + scores.length + ", expected one for each of "
                    + tokens.size() + " tokens");
        if (types.length != 0 && types.length != tokens.size())
            throw refused("tokenizer.ggml.token_type has length " + types.length + ", expected one for each of "
                    + tokens.size() + " tokens");
        for (float score : scores)
            if (!Float.isFinite(score)) throw refused("tokenizer.ggml.scores has a score that is not finite");
        for (int type : types)
            if (type < NORMAL || type > BYTE) throw refused("tokenizer.ggml.token_type " + type + ", expected 1 to 6");
    }

    static GgufVocabulary of(GgufMetadata gguf) {
        List<String> tokens =
                gguf.strings("tokenizer.ggml.tokens").orElseThrow(() -> refused("tokenizer.ggml.tokens is missing"));
        return new GgufVocabulary(
                gguf.string("tokenizer.ggml.model").orElseThrow(() -> refused("tokenizer.ggml.model is missing")),
                gguf.string("tokenizer.ggml.pre").orElse(""),
                tokens,
                gguf.floats("tokenizer.ggml.scores").orElse(new float[0]),
                types(gguf),
                gguf.strings("tokenizer.ggml.merges").orElse(List.of()),
                id(gguf, "bos", tokens.size()),
                id(gguf, "unknown", tokens.size()),
                List.of("eos", "eot", "eom").stream()
                        .flatMapToInt(name -> id(gguf, name, tokens.size()).stream())
                        .boxed()
                        .toList(),
                gguf.bool("tokenizer.ggml.add_bos_token"),
                gguf.bool("tokenizer.ggml.add_space_prefix"),
                isPhi3(gguf));
    }

    /// Phi 3's own tokenizer leaves out what its chat template puts behind control tokens. Phi 4, of the same
    /// architecture, has another tokenizer.
    private static boolean isPhi3(GgufMetadata gguf) {
        return gguf.string("general.architecture").orElse("").equals("phi3")
                && gguf.string("tokenizer.ggml.model").orElse("").equals("llama");
    }

    private static int[] types(GgufMetadata gguf) {
        long[] wide = gguf.integers("tokenizer.ggml.token_type").orElse(new long[0]);
        int[] types = new int[wide.length];
        for (int i = 0; i < wide.length; i++) types[i] = (int) Math.clamp(wide[i], 0L, 100L);
        return types;
    }

    static OptionalInt id(GgufMetadata gguf, String name, int tokens) {
        String key = "tokenizer.ggml." + name + "_token_id";
        OptionalLong id = gguf.integer(key);
        if (id.isEmpty()) return OptionalInt.empty();
        if (id.getAsLong() < 0 || id.getAsLong() >= tokens)
            throw refused(key + " " + id.getAsLong() + ", expected an id below " + tokens);
        return OptionalInt.of((int) id.getAsLong());
    }

    /// Without types every token is a plain one.
    int type(int id) {
        return types.length == 0 ? NORMAL : types[id];
    }

    static ArtifactException refused(String problem) {
        return new ArtifactException("V4.3", problem);
    }
}
