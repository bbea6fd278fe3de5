package dev.redoubt.engine.tokenize;

import java.util.List;

/// How llama.cpp cuts a text before byte-level BPE, by the name in `tokenizer.ggml.pre`. Each pattern cuts what
/// the one before it left, matches and gaps alike.
enum PreTokenizer {
    GPT2(false, PreTokenizer.GPT2_WORDS),
    /// Digits stand alone.
    SMOLLM(false, "\\p{N}", PreTokenizer.GPT2_WORDS),
    LLAMA3(true, PreTokenizer.WORDS.formatted("\\p{N}{1,3}")),
    /// Llama 3's pattern, and words by the merges alone.
    DBRX(false, PreTokenizer.WORDS.formatted("\\p{N}{1,3}")),
    QWEN2(false, PreTokenizer.WORDS.formatted("\\p{N}")),
    /// What llama.cpp takes where a file says `default` or nothing.
    DEFAULT(false, "[\\p{P}\\$\\+<=>\\^~\\|]+", PreTokenizer.GPT2_WORDS, "\\p{N}+", "[0-9][0-9][0-9]");

    private static final String GPT2_WORDS =
            "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)";
    private static final String WORDS =
            "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
                    + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private final boolean wholeWords;
    private final List<String> patterns;

    PreTokenizer(boolean wholeWords, String... patterns) {
        this.wholeWords = wholeWords;
        this.patterns = List.of(patterns);
    }

    static PreTokenizer named(String pre) {
        return switch (pre) {
            case "gpt-2", "phi-2", "mpt", "olmo", "jais", "trillion" -> GPT2;
            case "smollm", "starcoder", "refact", "command-r", "codeshell", "exaone", "minerva-7b" -> SMOLLM;
            case "llama3", "llama-v3", "llama-bpe", "falcon3", "pixtral", "lfm2" -> LLAMA3;
            case "dbrx", "smaug-bpe" -> DBRX; // OLMo 2 and Phi 4; SmolLM3
            case "qwen2", "deepseek-r1-qwen", "stablelm2", "megrez" -> QWEN2;
            case "", "default" -> DEFAULT;
            default ->
                throw GgufVocabulary.refused("tokenizer.ggml.pre '"
                        + (pre.length() > 40 ? pre.substring(0, 40) : pre)
                        + "' is unknown: convert the model to a pre-tokenizer of gpt-2, smollm, llama-bpe, dbrx or"
                        + " qwen2, or use its tokenizer.json");
        };
    }

    /// Whether a word that is a token as a whole stays whole, whatever the merges.
    boolean wholeWords() {
        return wholeWords;
    }

    List<String> patterns() {
        return patterns;
    }
}
