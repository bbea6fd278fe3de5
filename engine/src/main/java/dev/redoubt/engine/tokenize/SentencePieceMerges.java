package dev.redoubt.engine.tokenize;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// The merges that make BPE do what SentencePiece's own algorithm does with scores.
final class SentencePieceMerges {
    /* llama.cpp (llm_tokenizer_spm) joins, again and again, the two neighbours whose joint text is the token with
     * the best score; of equal scores the leftmost. BPE joins the two neighbours whose merge has the best rank; of
     * equal ranks the leftmost. So a merge for every way to cut a token into two others, ranked by the score of the
     * whole, gives the same steps. One difference remains: merges of equal score have different ranks here, so
     * between them not the place decides but the order below. That needs two tokens of one score, or two cuts of one
     * token, competing for the same character. */
    private static final long WORK_MAX = 1L << 29; // a hundred times what the largest vocabularies need

    private record Merge(String left, String right, float score, int id) {}

    private SentencePieceMerges() {}

    static void write(
            JsonWriter json,
            GgufVocabulary gguf,
            Map<String, Integer> ids,
            Map<String, Integer> letters,
            BitSet controlIds) {
        List<Merge> merges = new ArrayList<>(2 * gguf.tokens().size());
        long work = 0;
        for (int id = 0; id < gguf.tokens().size(); id++) {
            if (!GgufConversion.isMergeable(gguf, controlIds, id)) continue;
            String token = gguf.tokens().get(id);
            work += (long) token.length() * token.length();
            if (work > WORK_MAX) throw GgufVocabulary.refused("tokenizer.ggml.tokens has too many long tokens");
            for (int cut = token.length() - 1; cut > 0; cut--) { // the longer left part first
                if (Character.isLowSurrogate(token.charAt(cut))) continue;
                String left = token.substring(0, cut);
                if (!isPart(left, gguf, ids, letters, controlIds)) continue;
                String right = token.substring(cut);
                if (!isPart(right, gguf, ids, letters, controlIds)) continue;
                merges.add(new Merge(left, right, gguf.scores()[id], id));
            }
        }
        merges.sort(Comparator.comparingDouble((Merge merge) -> -merge.score()).thenComparingInt(Merge::id));
        json.raw('[');
        String separator = "";
        for (Merge merge : merges) {
            json.raw(separator)
                    .raw('[')
                    .string(merge.left())
                    .raw(',')
                    .string(merge.right())
                    .raw(']');
            separator = ",";
        }
        json.raw(']');
    }

    private static boolean isPart(
            String part,
            GgufVocabulary gguf,
            Map<String, Integer> ids,
            Map<String, Integer> letters,
            BitSet controlIds) {
        Integer id = ids.get(part);
        return id == null ? letters.containsKey(part) : GgufConversion.isMergeable(gguf, controlIds, id);
    }
}
