package dev.redoubt.engine.tokenize;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.engine.template.ChatTemplate;
import dev.redoubt.engine.template.RenderedText;
import dev.redoubt.testkit.Shared;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// SentencePiece by scores is BPE by the merges we derive: against the plainest form of llama.cpp's algorithm.
class SentencePieceTest {
    private static final String LETTERS = "aaabcdeeehiilnoorsttuwy      .,'\"-AIT19\n\té中🦙▁<0x>/s";

    /// Joins the best pair until none is left.
    private static int[] reference(GgufVocabulary gguf, Map<String, Integer> ids, String text, boolean prefix) {
        if (text.isEmpty()) return new int[0];
        List<String> symbols = new ArrayList<>();
        ((prefix ? " " : "") + text).replace(' ', '▁').codePoints().forEach(c -> symbols.add(Character.toString(c)));
        while (true) {
            int best = -1;
            float bestScore = 0;
            for (int i = 0; i + 1 < symbols.size(); i++) {
                Integer id = ids.get(symbols.get(i) + symbols.get(i + 1));
                if (id == null || best >= 0 && gguf.scores()[id] <= bestScore) continue;
                best = i;
                bestScore = gguf.scores()[id];
            }
            if (best < 0) break;
            symbols.set(best, symbols.get(best) + symbols.remove(best + 1));
        }
        List<Integer> found = new ArrayList<>();
        for (String symbol : symbols) {
            Integer id = ids.get(symbol);
            if (id != null) found.add(id);
            else
                for (byte b : symbol.getBytes(StandardCharsets.UTF_8))
                    found.add(ids.get("<0x%02X>".formatted(b & 0xFF)));
        }
        return found.stream().mapToInt(Integer::intValue).toArray();
    }

    private static Map<String, Integer> ids(GgufVocabulary gguf) {
        Map<String, Integer> ids = new HashMap<>();
        for (int id = 0; id < gguf.tokens().size(); id++) ids.put(gguf.tokens().get(id), id);
        return ids;
    }

    private static void sameOnRandomTexts(GgufVocabulary gguf, boolean prefix, String letters, long seed) {
        Map<String, Integer> ids = ids(gguf);
        int[] alphabet = letters.codePoints().toArray();
        Random random = new Random(seed);
        try (Tokenizer tokenizer = Tokenizer.of(gguf)) {
            for (int round = 0; round < 500; round++) {
                StringBuilder text = new StringBuilder();
                for (int n = random.nextInt(60); n > 0; n--)
                    text.appendCodePoint(alphabet[random.nextInt(alphabet.length)]);
                assertThat(tokenizer.encodeWithoutBos(text.toString()))
                        .as("seed %d, round %d: %s", seed, round, text)
                        .isEqualTo(reference(gguf, ids, text.toString(), prefix));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"tokenizers/ggml-vocab-llama-spm.gguf", "stories260k/stories260K.gguf"})
    void randomTextsHaveTheIdsOfTheReference(String file) {
        Path gguf = Shared.testdata(file);
        sameOnRandomTexts(new GgufFile(gguf).vocabulary(), true, LETTERS, 20_251_122);
    }

    @Test
    void whitespaceBehindControlTokensOfPhi3IsNoText() {
        RenderedText chat =
                ChatTemplate.parse("{{ '<|user|>\n' + text + '<|end|>\n' }}").render(Map.of("text", "ab"));
        int[] others;
        try (Tokenizer tokenizer = Tokenizer.of(phi3(false))) {
            others = tokenizer.encode(chat);
        }
        assertThat(others).containsExactly(261, 3 + '\n', 259, 262, 3 + '\n');
        try (Tokenizer tokenizer = Tokenizer.of(phi3(true))) {
            assertThat(tokenizer.encode(chat)).containsExactly(261, 259, 262);
        }
    }

    private static GgufVocabulary phi3(boolean strips) {
        return vocabulary(List.of("ab", "▁", "<|user|>", "<|end|>"), 261, strips);
    }

    @Test
    void lettersThatAreNoTokensMergeAllTheSame() {
        GgufVocabulary gguf = vocabulary(List.of("ab", "abc", "▁", "xy", "é中"), Integer.MAX_VALUE, false);
        sameOnRandomTexts(gguf, false, "aabbccxyé中 ", 7);
    }

    /// Three control tokens, one for each byte, then `more`, the earlier the better.
    ///
    /// @param control the first of those that are control tokens too
    private static GgufVocabulary vocabulary(List<String> more, int control, boolean strips) {
        List<String> tokens = new ArrayList<>(List.of("<unk>", "<s>", "</s>"));
        for (int b = 0; b < 256; b++) tokens.add("<0x%02X>".formatted(b));
        tokens.addAll(more);
        int[] types = new int[tokens.size()];
        float[] scores = new float[tokens.size()];
        for (int id = 0; id < types.length; id++) {
            types[id] = id == 0
                    ? GgufVocabulary.UNKNOWN
                    : id < 3 || id >= control
                            ? GgufVocabulary.CONTROL
                            : id < 259 ? GgufVocabulary.BYTE : GgufVocabulary.NORMAL;
            scores[id] = -id;
        }
        return new GgufVocabulary(
                "llama",
                "",
                tokens,
                scores,
                types,
                List.of(),
                OptionalInt.of(1),
                OptionalInt.of(0),
                List.of(2),
                Optional.of(false),
                Optional.of(false),
                strips);
    }
}
