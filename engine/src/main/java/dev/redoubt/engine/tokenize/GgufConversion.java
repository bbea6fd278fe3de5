package dev.redoubt.engine.tokenize;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// Turns a GGUF vocabulary into a `tokenizer.json`, such that the ids are those of llama.cpp.
final class GgufConversion {
    /* Control tokens are left out of the `tokenizer.json` altogether: what is not there cannot be made from a text,
     * whatever the text says. They keep their ids in the Vocabulary, and only `Tokenizer.encode(RenderedText)` puts
     * them in. */
    /// Of Phi 3.
    private static final Set<String> STRIPS_NOTHING = Set.of("<unk>", "<s>", "<|endoftext|>");

    private final GgufVocabulary gguf;
    private final Map<String, Integer> ids;
    private final BitSet controlIds = new BitSet();
    private final List<ControlToken> controls = new ArrayList<>();

    private GgufConversion(GgufVocabulary gguf) {
        this.gguf = gguf;
        this.ids = new HashMap<>(2 * gguf.tokens().size());
        for (int id = 0; id < gguf.tokens().size(); id++) {
            String token = gguf.tokens().get(id);
            if (ids.put(token, id) != null)
                throw GgufVocabulary.refused("tokenizer.ggml.tokens has a duplicate token, id " + id);
            int type = gguf.type(id);
            boolean control = type == GgufVocabulary.CONTROL
                    || type == GgufVocabulary.UNKNOWN
                    || ControlToken.isAlwaysControl(token);
            if (!control) continue;
            controlIds.set(id);
            boolean strips = gguf.stripsAfterControls() && !STRIPS_NOTHING.contains(token);
            if (!token.isEmpty()) controls.add(new ControlToken(id, token, false, strips));
        }
    }

    static TokenizerPlan plan(GgufVocabulary gguf) {
        GgufConversion conversion = new GgufConversion(gguf);
        return switch (gguf.model()) {
            case "gpt2" -> conversion.byteLevel();
            case "llama" -> conversion.sentencePiece();
            default ->
                throw GgufVocabulary.refused(
                        "tokenizer.ggml.model '" + gguf.model() + "', supported are gpt2 and llama");
        };
    }

    private TokenizerPlan byteLevel() {
        PreTokenizer pre = PreTokenizer.named(gguf.pre());
        JsonWriter json =
                new JsonWriter(32 * gguf.tokens().size() + 32 * gguf.merges().size());
        json.raw("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":");
        writeAddedTokens(json);
        json.raw(",\"normalizer\":null,\"pre_tokenizer\":{\"type\":\"Sequence\",\"pretokenizers\":[");
        for (String pattern : pre.patterns())
            json.raw("{\"type\":\"Split\",\"pattern\":{\"Regex\":")
                    .string(pattern)
                    .raw("},\"behavior\":\"Isolated\",\"invert\":false},");
        json.raw("{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":false,\"use_regex\":false}]}");
        json.raw(
                ",\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":null,");
        json.raw("\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":")
                .raw(Boolean.toString(pre.wholeWords()));
        json.raw(",\"vocab\":");
        writeVocabulary(json, Map.of());
        json.raw(",\"merges\":");
        writeMerges(json);
        json.raw("}}");
        boolean addsBos = gguf.addBos().orElse(pre == PreTokenizer.LLAMA3);
        byte[] text = json.toBytes();
        return new TokenizerPlan(vocabulary(addsBos, false), text, text, Map.of());
    }

    private TokenizerPlan sentencePiece() {
        if (gguf.scores().length == 0) throw GgufVocabulary.refused("tokenizer.ggml.scores is missing");
        boolean spacePrefix = gguf.addSpacePrefix().orElse(true);
        Map<String, Integer> letters = lettersWithoutToken();
        JsonWriter json = new JsonWriter(64 * gguf.tokens().size());
        json.raw("{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":");
        writeAddedTokens(json);
        json.raw(",\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[");
        if (spacePrefix) json.raw("{\"type\":\"Prepend\",\"prepend\":\"▁\"},");
        json.raw("{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"▁\"}]},\"pre_tokenizer\":null,");
        json.raw(
                "\"post_processor\":null,\"decoder\":null,\"model\":{\"type\":\"BPE\",\"dropout\":null,\"unk_token\":");
        if (gguf.unknown().isPresent())
            json.string(gguf.tokens().get(gguf.unknown().getAsInt()));
        else json.raw("null");
        json.raw(",\"fuse_unk\":true,\"byte_fallback\":true,\"ignore_merges\":false,\"vocab\":");
        writeVocabulary(json, letters);
        json.raw(",\"merges\":");
        SentencePieceMerges.write(json, gguf, ids, letters, controlIds);
        json.raw("}}");
        Map<Integer, int[]> expansions = new HashMap<>();
        letters.forEach((letter, id) -> expansions.put(id, byteTokens(letter)));
        byte[] text = json.toBytes();
        return new TokenizerPlan(vocabulary(gguf.addBos().orElse(true), spacePrefix), text, text, expansions);
    }

    /// Characters that stand in tokens and are none themselves. llama.cpp merges them all the same, and spells
    /// what is left of them in bytes; the library wants a token for each, so they get ids beyond the vocabulary
    /// that are spelled out afterwards.
    private Map<String, Integer> lettersWithoutToken() {
        Set<String> missing = new TreeSet<>();
        for (int id = 0; id < gguf.tokens().size(); id++) {
            if (!isMergeable(gguf, controlIds, id)) continue;
            gguf.tokens().get(id).codePoints().mapToObj(Character::toString).forEach(letter -> {
                if (!ids.containsKey(letter)) missing.add(letter);
            });
        }
        Map<String, Integer> letters = new HashMap<>();
        for (String letter : missing) letters.put(letter, gguf.tokens().size() + letters.size());
        return letters;
    }

    static boolean isMergeable(GgufVocabulary gguf, BitSet controlIds, int id) {
        return !controlIds.get(id) && gguf.type(id) != GgufVocabulary.BYTE;
    }

    private int[] byteTokens(String letter) {
        byte[] bytes = letter.getBytes(StandardCharsets.UTF_8);
        int[] tokens = new int[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            Integer id = ids.get("<0x%02X>".formatted(bytes[i] & 0xFF));
            if (id == null) return gguf.unknown().stream().toArray();
            tokens[i] = id;
        }
        return tokens;
    }

    private void writeAddedTokens(JsonWriter json) {
        json.raw('[');
        String separator = "";
        for (int id = 0; id < gguf.tokens().size(); id++) {
            if (gguf.type(id) != GgufVocabulary.USER_DEFINED || controlIds.get(id)) continue;
            String token = gguf.tokens().get(id);
            if (token.isEmpty()) continue;
            json.raw(separator).raw("{\"id\":").number(id).raw(",\"content\":").string(token);
            json.raw(
                    ",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":false}");
            separator = ",";
        }
        json.raw(']');
    }

    private void writeVocabulary(JsonWriter json, Map<String, Integer> letters) {
        json.raw('{');
        String separator = "";
        for (int id = 0; id < gguf.tokens().size(); id++) {
            boolean unknown = gguf.unknown().isPresent() && gguf.unknown().getAsInt() == id;
            if (controlIds.get(id) && !(unknown && gguf.model().equals("llama"))) continue;
            json.raw(separator).string(gguf.tokens().get(id)).raw(':').number(id);
            separator = ",";
        }
        for (Map.Entry<String, Integer> letter : letters.entrySet()) {
            json.raw(separator).string(letter.getKey()).raw(':').number(letter.getValue());
            separator = ",";
        }
        json.raw('}');
    }

    private void writeMerges(JsonWriter json) {
        json.raw('[');
        String separator = "";
        Set<String> seen = new HashSet<>(2 * gguf.merges().size());
        for (String merge : gguf.merges()) {
            int space = merge.indexOf(' ', 1);
            if (space < 0 || space == merge.length() - 1)
                throw GgufVocabulary.refused("tokenizer.ggml.merges has a merge without two parts");
            String first = merge.substring(0, space);
            String second = merge.substring(space + 1);
            Integer left = ids.get(first);
            Integer right = ids.get(second);
            Integer both = ids.get(first.concat(second));
            if (left == null || right == null || both == null)
                throw GgufVocabulary.refused("tokenizer.ggml.merges has a merge of a token that does not exist");
            if (controlIds.get(left) || controlIds.get(right) || controlIds.get(both))
                continue; // no text becomes control
            if (!seen.add(merge)) throw GgufVocabulary.refused("tokenizer.ggml.merges has a duplicate merge");
            json.raw(separator).string(merge);
            separator = ",";
        }
        json.raw(']');
    }

    private Vocabulary vocabulary(boolean addsBos, boolean stripsFirstSpace) {
        boolean sentencePiece = gguf.model().equals("llama");
        byte[][] bytes = new byte[gguf.tokens().size()][];
        for (int id = 0; id < bytes.length; id++) {
            String token = gguf.tokens().get(id);
            boolean asItIs = controlIds.get(id) || gguf.type(id) == GgufVocabulary.USER_DEFINED;
            if (asItIs) bytes[id] = token.getBytes(StandardCharsets.UTF_8);
            else bytes[id] = sentencePiece ? PieceText.bytes(token) : ByteLevel.bytes(token);
        }
        if (addsBos && gguf.bos().isEmpty())
            throw GgufVocabulary.refused(
                    "tokenizer.ggml.add_bos_token is true and tokenizer.ggml.bos_token_id is missing");
        Set<Integer> ends = new HashSet<>(gguf.declaredEnds());
        ends.addAll(ControlToken.ends(controls));
        return new Vocabulary(
                bytes, List.copyOf(controls), controlIds, gguf.bos(), addsBos, Set.copyOf(ends), stripsFirstSpace);
    }
}
