package dev.redoubt.engine.tokenize;

import dev.redoubt.trust.GgufWriter;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// Writes the vocabulary of a `tokenizer.json` as GGUF has it, for byte-level BPE that cuts its text in a way which
/// llama.cpp knows by name.
public final class GgufVocabularyExport {
    private static final String KEY = "tokenizer.ggml.";
    /// How tokenizers of Llama 3 and Qwen 2 cut a text; `%s` stands for how many digits go together.
    private static final String WORDS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|%s"
            + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private final TokenizerFiles files;
    private final String[] tokens;
    private final int[] types;

    private GgufVocabularyExport(TokenizerFiles files, int size) {
        this.files = files;
        this.tokens = new String[size];
        this.types = new int[size];
    }

    /// @param size of the vocabulary; ids that no token has become unused ones
    /// @throws dev.redoubt.trust.ArtifactException if the tokenizer is another, or cannot be read
    public static void write(VerifiedArtifact folder, int size, GgufWriter to) {
        try (Tokenizer readable = Tokenizer.of(folder)) { // or it is refused, with its own words
            GgufVocabularyExport export = new GgufVocabularyExport(TokenizerFiles.of(folder), size);
            export.collect();
            export.write(to, readable);
            export.template(folder).ifPresent(template -> to.text("tokenizer.chat_template", template));
        }
    }

    private void collect() {
        for (int id = 0; id < tokens.length; id++) {
            tokens[id] = "[PAD" + id + "]";
            types[id] = GgufVocabulary.UNUSED;
        }
        files.tokenizer().at("/model/vocab").properties().forEach(entry -> {
            tokens[entry.getValue().asInt()] = entry.getKey();
            types[entry.getValue().asInt()] = GgufVocabulary.NORMAL;
        });
        for (JsonNode token : files.tokenizer().path("added_tokens")) {
            int id = token.path("id").asInt();
            tokens[id] = token.path("content").asString("");
            types[id] = token.path("special").asBoolean(false) ? GgufVocabulary.CONTROL : GgufVocabulary.USER_DEFINED;
        }
    }

    private void write(GgufWriter to, Tokenizer tokenizer) {
        to.text(KEY + "model", "gpt2")
                .text(KEY + "pre", pre())
                .texts(KEY + "tokens", Arrays.asList(tokens))
                .integers(KEY + "token_type", types)
                .texts(KEY + "merges", merges());
        tokenizer.bos().ifPresent(id -> to.unsigned(KEY + "bos_token_id", id));
        end().ifPresent(id -> to.unsigned(KEY + "eos_token_id", id));
        to.flag(KEY + "add_bos_token", tokenizer.addsBos());
    }

    /// The name of how the text is cut.
    private String pre() {
        JsonNode pre = files.tokenizer().path("pre_tokenizer");
        List<JsonNode> steps = new ArrayList<>();
        if (pre.path("type").asString("").equals("Sequence"))
            pre.path("pretokenizers").forEach(steps::add);
        else steps.add(pre);
        if (!steps.isEmpty() && type(steps.getLast()).equals("ByteLevel")) {
            boolean words = steps.getLast().path("use_regex").asBoolean(true);
            if (steps.size() == 1 && words) return "gpt-2";
            JsonNode first = steps.getFirst();
            if (steps.size() == 2
                    && words
                    && type(first).equals("Digits")
                    && first.path("individual_digits").asBoolean(false)) return "smollm";
            if (steps.size() == 2 && !words && type(first).equals("Split")) {
                String pattern = first.at("/pattern/Regex").asString("");
                if (pattern.equals(WORDS.formatted("\\p{N}{1,3}"))) return "llama-bpe";
                if (pattern.equals(WORDS.formatted("\\p{N}"))) return "qwen2";
            }
        }
        throw GgufVocabulary.refused(
                "tokenizer.json cuts its text in a way that GGUF has no name for here: write a GGUF"
                        + " file with llama.cpp's convert_hf_to_gguf.py first, then quantize that");
    }

    private static String type(JsonNode step) {
        return step.path("type").asString("");
    }

    private List<String> merges() {
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : files.tokenizer().at("/model/merges"))
            merges.add(
                    merge.isString()
                            ? merge.asString()
                            : merge.path(0).asString("") + " " + merge.path(1).asString(""));
        return merges;
    }

    private Optional<Integer> end() {
        JsonNode named = files.tokenizerConfig().path("eos_token");
        String text = named.isObject() ? named.path("content").asString("") : named.asString("");
        for (int id = 0; id < tokens.length && !text.isEmpty(); id++)
            if (tokens[id].equals(text)) return Optional.of(id);
        for (JsonNode config : List.of(files.generationConfig(), files.config())) {
            JsonNode id = config.path("eos_token_id");
            if (id.isArray() && !id.isEmpty()) id = id.get(0);
            if (id.isIntegralNumber()) return Optional.of(id.asInt());
        }
        return Optional.empty();
    }

    private Optional<String> template(VerifiedArtifact folder) {
        JsonNode inConfig = files.tokenizerConfig().path("chat_template");
        if (inConfig.isString()) return Optional.of(inConfig.asString());
        return folder.file("chat_template.jinja").map(bytes -> new String(bytes, StandardCharsets.UTF_8));
    }
}
