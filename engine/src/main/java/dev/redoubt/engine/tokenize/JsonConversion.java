package dev.redoubt.engine.tokenize;

import dev.redoubt.trust.ArtifactException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads a `tokenizer.json`, refuses what is inconsistent or unknown, and takes out of it what only we may do:
/// control tokens, BOS, truncation, decoding.
final class JsonConversion {
    private static final int TOKENS_MAX = 1 << 20;

    private record Added(int id, String content, ControlToken asControl, boolean control) {}

    private final TokenizerFiles files;
    private final JsonNode model;
    private final Map<String, Integer> ids = new HashMap<>();
    private final List<Added> added = new ArrayList<>();
    private final BitSet addedIds = new BitSet();
    private final BitSet controlIds = new BitSet();
    private final int size;

    private JsonConversion(TokenizerFiles files) {
        this.files = files;
        this.model = files.tokenizer().path("model");
        if (!model.path("type").asString("").equals("BPE"))
            throw refused("tokenizer.json has model type '" + shown(model.path("type")) + "', supported is BPE");
        for (String name : List.of("continuing_subword_prefix", "end_of_word_suffix"))
            if (!model.path(name).asString("").isEmpty())
                throw refused("tokenizer.json sets model." + name + ", unsupported");
        int declared = declaredSize();
        BitSet used = new BitSet();
        if (!model.path("vocab").isObject()) throw refused("tokenizer.json has no model.vocab");
        model.path("vocab").properties().forEach(entry -> {
            int id = id(entry.getValue(), "vocab", declared);
            if (used.get(id)) throw refused("tokenizer.json has a duplicate id " + id + " in vocab");
            used.set(id);
            ids.put(entry.getKey(), id);
        });
        for (JsonNode token : files.tokenizer().path("added_tokens")) add(token, declared, used);
        this.size = files.config().has("vocab_size") ? declared : used.length();
        if (size == 0) throw refused("tokenizer.json has an empty vocab");
    }

    static TokenizerPlan plan(TokenizerFiles files) {
        return new JsonConversion(files).plan();
    }

    private int declaredSize() {
        JsonNode size = files.config().path("vocab_size");
        if (size.isMissingNode()) return TOKENS_MAX;
        if (!size.isIntegralNumber() || !size.canConvertToInt() || size.asInt() < 1 || size.asInt() > TOKENS_MAX)
            throw refused("config.json has vocab_size " + shown(size) + ", expected 1 to " + TOKENS_MAX);
        return size.asInt();
    }

    private static int id(JsonNode value, String where, int limit) {
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() < 0 || value.asInt() >= limit)
            throw refused(
                    "tokenizer.json has the id " + shown(value) + " in " + where + ", expected 0 to " + (limit - 1));
        return value.asInt();
    }

    private void add(JsonNode token, int declared, BitSet used) {
        int id = id(token.path("id"), "added_tokens", declared);
        String content = token.path("content").asString("");
        if (content.isEmpty()) throw refused("tokenizer.json has an added token without content, id " + id);
        Integer known = ids.get(content);
        if (known == null ? used.get(id) : known != id)
            throw refused(
                    "tokenizer.json has the duplicate added token id " + id + ", another token has its id or its text");
        if (addedIds.get(id)) throw refused("tokenizer.json has the duplicate added token id " + id);
        addedIds.set(id);
        used.set(id);
        ids.put(content, id);
        boolean control = token.path("special").asBoolean(false) || ControlToken.isAlwaysControl(content);
        if (control) controlIds.set(id);
        ControlToken asControl = new ControlToken(
                id,
                content,
                token.path("lstrip").asBoolean(false),
                token.path("rstrip").asBoolean(false));
        added.add(new Added(id, content, asControl, control));
    }

    private TokenizerPlan plan() {
        PipelineCheck.check(files.tokenizer());
        ObjectNode json = (ObjectNode) files.tokenizer().deepCopy();
        json.putNull("truncation");
        json.putNull("padding");
        json.putNull("post_processor");
        json.putNull("decoder");
        keepPlainTokens(json);
        ((ObjectNode) json.get("model")).putNull("dropout");
        byte[] text = json.toString().getBytes(StandardCharsets.UTF_8);
        boolean changed = PipelineCheck.neverPrepend(json.path("pre_tokenizer"));
        byte[] continuing = changed ? json.toString().getBytes(StandardCharsets.UTF_8) : text;
        return new TokenizerPlan(vocabulary(), text, continuing, Map.of());
    }

    /// Control tokens leave; added tokens that stay get their ids through the vocabulary, since the library
    /// counts anew.
    private void keepPlainTokens(ObjectNode json) {
        ArrayNode tokens = json.putArray("added_tokens");
        for (JsonNode token : files.tokenizer().path("added_tokens"))
            if (!controlIds.get(token.path("id").asInt())) tokens.add(token.deepCopy());
        ObjectNode target = (ObjectNode) json.get("model");
        ObjectNode vocab = (ObjectNode) target.get("vocab");
        String unknown = model.path("unk_token").asString("");
        for (Added token : added) {
            if (!token.control()) vocab.put(token.content(), token.id());
            else if (!token.content().equals(unknown)) vocab.remove(token.content());
        }
        ArrayNode merges = target.putArray("merges");
        for (JsonNode merge : model.path("merges")) if (isPlain(merge)) merges.add(merge);
    }

    /// Whether a merge makes text of text.
    private boolean isPlain(JsonNode merge) {
        String left = merge.path(0).asString("");
        String right = merge.path(1).asString("");
        if (merge.isString()) {
            String both = merge.asString();
            int space = both.indexOf(' ', 1);
            left = space < 0 ? "" : both.substring(0, space);
            right = space < 0 ? "" : both.substring(space + 1);
        }
        Integer a = ids.get(left);
        Integer b = ids.get(right);
        Integer whole = ids.get(left.concat(right));
        if (a == null || b == null || whole == null)
            throw refused("tokenizer.json has a merge of a token that does not exist");
        return !controlIds.get(a) && !controlIds.get(b) && !controlIds.get(whole);
    }

    private Vocabulary vocabulary() {
        PipelineCheck.Spelling spelling = PipelineCheck.spelling(files.tokenizer());
        boolean byteFallback = model.path("byte_fallback").asBoolean(false);
        byte[][] bytes = new byte[size][];
        Arrays.fill(bytes, new byte[0]);
        ids.forEach((token, id) -> {
            boolean sentencePiece = spelling.sentencePiece();
            if (!sentencePiece) bytes[id] = ByteLevel.bytes(token);
            else if (byteFallback) bytes[id] = PieceText.bytes(token);
            else bytes[id] = token.replace('▁', ' ').getBytes(StandardCharsets.UTF_8);
        });
        List<ControlToken> controls = new ArrayList<>();
        for (Added token : added) {
            bytes[token.id()] = token.content().getBytes(StandardCharsets.UTF_8);
            if (token.control()) controls.add(token.asControl());
        }
        OptionalInt prefix = prefixToken();
        JsonNode addBos = files.tokenizerConfig().path("add_bos_token");
        OptionalInt bos = prefix.isPresent() ? prefix : bos();
        boolean addsBos = addBos.isBoolean() ? addBos.asBoolean() : prefix.isPresent();
        if (addsBos && bos.isEmpty())
            throw refused("tokenizer_config.json has add_bos_token true and no bos_token that is in the vocabulary");
        Set<Integer> ends = ends();
        ends.addAll(ControlToken.ends(controls));
        return new Vocabulary(
                bytes, List.copyOf(controls), controlIds, bos, addsBos, Set.copyOf(ends), spelling.stripsFirstSpace());
    }

    /// The one special token that the post-processor puts before a text. What it puts after a text is for
    /// training.
    private OptionalInt prefixToken() {
        JsonNode processor = files.tokenizer().path("post_processor");
        List<JsonNode> all = new ArrayList<>(List.of(processor));
        processor.path("processors").forEach(all::add);
        for (JsonNode one : all) {
            if (!one.path("type").asString("").equals("TemplateProcessing")) continue;
            List<String> before = new ArrayList<>();
            for (JsonNode item : one.path("single")) {
                if (item.has("Sequence")) break;
                before.add(item.path("SpecialToken").path("id").asString(""));
            }
            if (before.isEmpty()) continue;
            Integer id = ids.get(before.getFirst());
            if (before.size() > 1 || id == null)
                throw refused("tokenizer.json has a post_processor that puts more than one known token before a text");
            return OptionalInt.of(id);
        }
        return OptionalInt.empty();
    }

    private OptionalInt bos() {
        Integer named = ids.get(name(files.tokenizerConfig().path("bos_token")));
        if (named != null) return OptionalInt.of(named);
        for (JsonNode config : List.of(files.generationConfig(), files.config())) {
            JsonNode id = config.path("bos_token_id");
            if (id.isIntegralNumber()) return OptionalInt.of(declaredId(id, "bos_token_id"));
        }
        return OptionalInt.empty();
    }

    private Set<Integer> ends() {
        Set<Integer> ends = new HashSet<>();
        Integer named = ids.get(name(files.tokenizerConfig().path("eos_token")));
        if (named != null) ends.add(named);
        for (JsonNode config : List.of(files.generationConfig(), files.config())) {
            JsonNode declared = config.path("eos_token_id");
            if (declared.isMissingNode() || declared.isNull()) continue;
            if (declared.isArray()) for (JsonNode id : declared) ends.add(declaredId(id, "eos_token_id"));
            else ends.add(declaredId(declared, "eos_token_id"));
        }
        return ends;
    }

    private int declaredId(JsonNode id, String field) {
        if (!id.isIntegralNumber() || !id.canConvertToInt() || id.asInt() < 0 || id.asInt() >= size)
            throw refused(field + " is " + shown(id) + ", expected an id below the vocabulary's size " + size);
        return id.asInt();
    }

    /// A token is named by its text, or by an object that holds it.
    private static String name(JsonNode token) {
        return token.isObject() ? token.path("content").asString("") : token.asString("");
    }

    private static String shown(JsonNode value) {
        String text = value.isString() ? value.asString() : value.isValueNode() ? value.toString() : "of another type";
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }

    static ArtifactException refused(String problem) {
        return GgufVocabulary.refused(problem);
    }
}
