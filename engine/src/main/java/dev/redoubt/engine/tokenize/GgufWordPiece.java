package dev.redoubt.engine.tokenize;

import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.GgufMetadata;
import java.util.OptionalInt;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The vocabulary of an encoder in a GGUF file (`tokenizer.ggml.model` is `bert`), as a `tokenizer.json` has it:
/// what begins a word has a mark in front there, where Hugging Face marks what goes on with one.
final class GgufWordPiece {
    private static final String WORD = "\u2581"; // in front of what begins a word
    private static final String GOES_ON = "##";
    private static final int WORD_LENGTH_MAX = 100; // BERT's own: of a longer word nothing is known

    private GgufWordPiece() {}

    /// @throws ArtifactException naming what is missing, unknown or wrong
    static TokenizerFiles files(GgufMetadata gguf) {
        GgufVocabulary vocabulary = GgufVocabulary.of(gguf);
        if (!vocabulary.model().equals("bert"))
            throw refused("tokenizer.ggml.model is '" + vocabulary.model() + "', an encoder's is bert");
        for (String added : new String[] {"tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_sep_token"})
            if (!gguf.bool(added).orElse(true))
                throw refused(added + " is false, supported is true: texts stand between two control tokens");
        JsonNodeFactory json = JsonNodeFactory.instance;
        ObjectNode root = json.objectNode();
        normalizer(gguf, root.putObject("normalizer"));
        root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        ObjectNode names = vocabulary(vocabulary, root);
        ObjectNode model = root.putObject("model");
        model.put("type", "WordPiece")
                .put("unk_token", name(vocabulary, required(vocabulary.unknown(), "unknown")))
                .put("continuing_subword_prefix", GOES_ON)
                .put("max_input_chars_per_word", WORD_LENGTH_MAX)
                .set("vocab", names);
        processor(gguf, vocabulary, root.putObject("post_processor"));
        ObjectNode config =
                json.objectNode().put("vocab_size", vocabulary.tokens().size());
        return new TokenizerFiles(root, json.objectNode(), json.objectNode(), config);
    }

    /// Accents go where capitals go unless the file says otherwise, and capitals go unless it says otherwise.
    private static void normalizer(GgufMetadata gguf, ObjectNode to) {
        to.put("type", "BertNormalizer").put("clean_text", true).put("handle_chinese_chars", true);
        to.put("lowercase", gguf.bool("tokenizer.ggml.normalizer.lowercase").orElse(true));
        gguf.bool("tokenizer.ggml.normalizer.strip_accents").ifPresent(strip -> to.put("strip_accents", strip));
    }

    private static ObjectNode vocabulary(GgufVocabulary vocabulary, ObjectNode root) {
        ObjectNode names = JsonNodeFactory.instance.objectNode();
        var controls = root.putArray("added_tokens");
        for (int id = 0; id < vocabulary.tokens().size(); id++) {
            String name = name(vocabulary, id);
            JsonNode before = names.replace(name, JsonNodeFactory.instance.numberNode(id));
            if (before != null)
                throw refused("tokenizer.ggml.tokens has ids " + before.intValue() + " and " + id + " for one token");
            if (vocabulary.type(id) == GgufVocabulary.CONTROL)
                controls.addObject().put("id", id).put("content", name).put("special", true);
        }
        return names;
    }

    private static String name(GgufVocabulary vocabulary, int id) {
        String token = vocabulary.tokens().get(id);
        if (vocabulary.type(id) == GgufVocabulary.CONTROL) return token;
        return token.startsWith(WORD) ? token.substring(WORD.length()) : GOES_ON + token;
    }

    private static void processor(GgufMetadata gguf, GgufVocabulary vocabulary, ObjectNode to) {
        int size = vocabulary.tokens().size();
        OptionalInt first = vocabulary.bos().isPresent() ? vocabulary.bos() : GgufVocabulary.id(gguf, "cls", size);
        OptionalInt last = GgufVocabulary.id(gguf, "seperator", size); // so it is spelt
        to.put("type", "BertProcessing");
        to.putArray("cls").add(name(vocabulary, required(first, "cls")));
        to.putArray("sep").add(name(vocabulary, required(last, "seperator")));
    }

    private static int required(OptionalInt id, String name) {
        return id.orElseThrow(() -> refused("tokenizer.ggml." + name + "_token_id is missing: nothing is guessed"));
    }

    private static ArtifactException refused(String problem) {
        return GgufVocabulary.refused(problem);
    }
}
