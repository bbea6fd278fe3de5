package dev.redoubt.engine.tokenize;

import dev.redoubt.trust.ArtifactException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads the `tokenizer.json` of an encoder of BERT's kind: WordPiece after BERT's normalizer and
/// pre-tokenizer. Refuses what is inconsistent or unknown, and takes out of it what only we may do: control
/// tokens, truncation, padding, and what stands around a text.
final class WordPieceConversion {
    private static final int TOKENS_MAX = 1 << 20;
    private static final int WORD_LENGTH_MAX = 1000;
    private static final Set<String> NORMALIZER =
            Set.of("type", "clean_text", "handle_chinese_chars", "strip_accents", "lowercase");
    private static final Set<String> MODEL =
            Set.of("type", "unk_token", "continuing_subword_prefix", "max_input_chars_per_word", "vocab");

    /// @param json for the library, in UTF-8
    /// @param tokens by id; null where the model has an id and the vocabulary no token
    /// @param first id put before a text
    /// @param last id put after it
    /// @param control ids of control tokens
    /// @param prefix of a token that goes on with a word
    @SuppressWarnings("ArrayRecordComponent") // handed over once and not compared
    record Plan(byte[] json, String[] tokens, int first, int last, Set<Integer> control, String prefix) {}

    private final JsonNode root;
    private final JsonNode model;
    private final Map<String, Integer> ids = new HashMap<>();
    private final Map<Integer, String> byId = new HashMap<>();

    private WordPieceConversion(TokenizerFiles files) {
        this.root = files.tokenizer();
        this.model = root.path("model");
    }

    /// @throws ArtifactException naming what is missing, unknown or wrong
    static Plan plan(TokenizerFiles files) {
        return new WordPieceConversion(files).plan(declaredSize(files.config()));
    }

    private static int declaredSize(JsonNode config) {
        JsonNode size = config.path("vocab_size");
        if (!size.isIntegralNumber() || !size.canConvertToInt() || size.asInt() < 1 || size.asInt() > TOKENS_MAX)
            throw refused("config.json has vocab_size " + shown(size) + ", expected 1 to " + TOKENS_MAX);
        return size.asInt();
    }

    private Plan plan(int size) {
        only("normalizer", root.path("normalizer"), "BertNormalizer", NORMALIZER);
        flags();
        only("pre_tokenizer", root.path("pre_tokenizer"), "BertPreTokenizer", Set.of("type"));
        only("model", model, "WordPiece", MODEL);
        String prefix = model.path("continuing_subword_prefix").asString("");
        if (prefix.isEmpty() || prefix.length() > 16)
            throw refused("tokenizer.json has the continuing_subword_prefix "
                    + shown(model.path("continuing_subword_prefix")) + ", expected 1 to 16 characters");
        JsonNode longest = model.path("max_input_chars_per_word");
        if (!longest.isIntegralNumber()
                || !longest.canConvertToInt()
                || longest.asInt() < 1
                || longest.asInt() > WORD_LENGTH_MAX)
            throw refused("tokenizer.json has max_input_chars_per_word " + shown(longest) + ", expected 1 to "
                    + WORD_LENGTH_MAX);
        vocabulary(size);
        Set<Integer> control = controls(size);
        String unknown = model.path("unk_token").asString("");
        if (!ids.containsKey(unknown))
            throw refused("tokenizer.json has the unk_token " + shown(model.path("unk_token")) + ", which is no token");
        List<Integer> around = around();
        String[] tokens = new String[size];
        byId.forEach((id, token) -> tokens[id] = token);
        return new Plan(library(control, unknown), tokens, around.get(0), around.get(1), control, prefix);
    }

    /// A step of one kind with known settings.
    private static void only(String name, JsonNode step, String type, Set<String> settings) {
        String found = step.path("type").asString("none");
        if (!found.equals(type))
            throw refused("tokenizer.json has the " + name + " '" + cut(found) + "', supported is " + type);
        step.properties().forEach(setting -> {
            if (!settings.contains(setting.getKey()))
                throw refused("tokenizer.json has the unknown setting '" + cut(setting.getKey()) + "' of its " + name);
        });
    }

    private void flags() {
        for (String name : List.of("clean_text", "handle_chinese_chars", "lowercase"))
            if (!root.path("normalizer").path(name).isBoolean())
                throw refused("tokenizer.json has no " + name + " of its normalizer that is true or false");
        JsonNode accents = root.path("normalizer").path("strip_accents");
        if (!accents.isBoolean() && !accents.isNull() && !accents.isMissingNode())
            throw refused("tokenizer.json has strip_accents " + shown(accents) + ", expected true, false or null");
    }

    private void vocabulary(int size) {
        if (!model.path("vocab").isObject() || model.path("vocab").isEmpty())
            throw refused("tokenizer.json has no model.vocab");
        model.path("vocab").properties().forEach(entry -> {
            int id = id(entry.getValue(), "vocab", size);
            if (byId.put(id, entry.getKey()) != null)
                throw refused("tokenizer.json has a duplicate id " + id + " in vocab");
            ids.put(entry.getKey(), id);
        });
    }

    private static int id(JsonNode value, String where, int size) {
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 0 || value.asInt() >= size)
            throw refused(
                    "tokenizer.json has the id " + shown(value) + " in " + where + ", expected 0 to " + (size - 1));
        return value.asInt();
    }

    private Set<Integer> controls(int size) {
        List<Integer> control = new ArrayList<>();
        for (JsonNode token : root.path("added_tokens")) {
            int id = id(token.path("id"), "added_tokens", size);
            String content = token.path("content").asString("");
            if (!content.equals(byId.get(id)))
                throw refused(
                        "tokenizer.json has the added token id " + id + ", which vocab has for another token or none");
            if (!token.path("special").asBoolean(false))
                throw refused("tokenizer.json has an added token of id " + id
                        + " that is not special, supported are special ones");
            control.add(id);
        }
        return Set.copyOf(control);
    }

    /// The tokens before and after a text.
    private List<Integer> around() {
        JsonNode processor = root.path("post_processor");
        List<String> names = switch (processor.path("type").asString("none")) {
            case "TemplateProcessing" -> template(processor.path("single"));
            case "BertProcessing" ->
                List.of(
                        processor.path("cls").path(0).asString(""),
                        processor.path("sep").path(0).asString(""));
            default ->
                throw refused("tokenizer.json has the post_processor '"
                        + cut(processor.path("type").asString("none"))
                        + "', supported are TemplateProcessing, BertProcessing");
        };
        for (String name : names)
            if (!ids.containsKey(name))
                throw refused("tokenizer.json has a post_processor that puts '" + cut(name)
                        + "' around a text, which is no token");
        return names.stream().map(ids::get).toList();
    }

    private static List<String> template(JsonNode single) {
        boolean known = single.size() == 3
                && single.path(0).has("SpecialToken")
                && single.path(1).has("Sequence")
                && single.path(2).has("SpecialToken");
        if (!known)
            throw refused(
                    "tokenizer.json has a post_processor that does not put one token before and one after a text");
        return List.of(
                single.path(0).path("SpecialToken").path("id").asString(""),
                single.path(2).path("SpecialToken").path("id").asString(""));
    }

    /// Control tokens leave the vocabulary, so that no text becomes one, but for the token of what is unknown.
    private byte[] library(Set<Integer> control, String unknown) {
        ObjectNode json = (ObjectNode) root.deepCopy();
        for (String step : List.of("truncation", "padding", "post_processor", "decoder")) json.putNull(step);
        json.putArray("added_tokens");
        ObjectNode vocab = (ObjectNode) json.path("model").path("vocab");
        for (int id : control) if (!unknown.equals(byId.get(id))) vocab.remove(byId.get(id));
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static String shown(JsonNode value) {
        return cut(value.isValueNode() ? value.toString() : "of another type");
    }

    private static String cut(String text) {
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }

    private static ArtifactException refused(String problem) {
        return GgufVocabulary.refused(problem);
    }
}
