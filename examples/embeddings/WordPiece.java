package examples;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Cuts a text into the pieces that BERT models know: lower case, without accents, punctuation
/// apart, then the longest
/// pieces from the left.
final class WordPiece {
    static final int LENGTH_MAX = 256; // of the model, with its two marks

    private static final int WORD_MAX = 100;
    private static final Pattern ENTRY = Pattern.compile("\"((?:[^\"\\\\]|\\\\.)+)\"\\s*:\\s*(\\d+)");

    private final Map<String, Integer> vocabulary = new HashMap<>();
    private final int unknown;
    private final int begin;
    private final int end;

    /// @param tokenizer the text of a `tokenizer.json`
    WordPiece(String tokenizer) {
        int start = tokenizer.indexOf('{', tokenizer.indexOf("\"vocab\""));
        Matcher entry = ENTRY.matcher(tokenizer).region(start, tokenizer.indexOf("\n    }", start));
        while (entry.find()) vocabulary.put(plain(entry.group(1)), Integer.parseInt(entry.group(2)));
        unknown = vocabulary.get("[UNK]");
        begin = vocabulary.get("[CLS]");
        end = vocabulary.get("[SEP]");
    }

    private static String plain(String json) {
        Matcher escaped = Pattern.compile("\\\\(?:u([0-9a-fA-F]{4})|(.))").matcher(json);
        return escaped.replaceAll(found -> Matcher.quoteReplacement(
                found.group(1) == null ? found.group(2) : String.valueOf((char) Integer.parseInt(found.group(1), 16))));
    }

    /// The pieces' numbers, between the two marks; what is over [#LENGTH_MAX] is cut.
    long[] ids(String text) {
        List<Integer> ids = new ArrayList<>(List.of(begin));
        for (String word : words(text)) pieces(word, ids);
        while (ids.size() >= LENGTH_MAX) ids.removeLast();
        ids.add(end);
        return ids.stream().mapToLong(Integer::longValue).toArray();
    }

    private static List<String> words(String text) {
        String clean = Normalizer.normalize(text.toLowerCase(Locale.ROOT), Normalizer.Form.NFD).replaceAll("\\p{Mn}", "");
        StringBuilder apart = new StringBuilder();
        clean.codePoints().forEach(c -> {
            if (Character.isISOControl(c) && !Character.isWhitespace(c)) return;
            boolean alone = isPunctuation(c) || Character.isIdeographic(c);
            apart.append(alone ? " " : "").appendCodePoint(c).append(alone ? " " : "");
        });
        return List.of(apart.toString().strip().split("\\s+"));
    }

    private static boolean isPunctuation(int c) {
        if (c < 0x80) return c > ' ' && !Character.isLetterOrDigit(c);
        return Pattern.matches("\\p{P}", Character.toString(c));
    }

    private void pieces(String word, List<Integer> ids) {
        if (word.isEmpty()) return;
        int before = ids.size();
        int from = 0;
        while (from < word.length()) {
            int to = word.length();
            Integer id = null;
            for (; to > from && id == null; to--) id = vocabulary.get((from == 0 ? "" : "##") + word.substring(from, to));
            if (id == null || word.length() > WORD_MAX) { // one piece that is not known makes the word unknown
                while (ids.size() > before) ids.removeLast();
                ids.add(unknown);
                return;
            }
            ids.add(id);
            from = to + 1;
        }
    }
}
