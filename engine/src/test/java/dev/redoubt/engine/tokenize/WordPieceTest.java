package dev.redoubt.engine.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.testkit.TinyEncoder;
import dev.redoubt.testkit.TinyGguf;
import dev.redoubt.testkit.WeightKind;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// WordPiece on a vocabulary small enough to follow by hand, with its ids as in [TinyEncoder#VOCABULARY].
class WordPieceTest {
    @TempDir
    Path folder;

    private String json = "";

    @BeforeEach
    void write() throws IOException {
        json = Files.readString(
                TinyEncoder.write(folder.resolve("model"), WeightKind.F32, 1).resolve("tokenizer.json"));
    }

    private static WordPiece tokenizer(String json) {
        return WordPiece.of(TokenizerFiles.of(
                json.getBytes(StandardCharsets.UTF_8),
                Optional.empty(),
                Optional.empty(),
                Optional.of(
                        ("{\"vocab_size\": " + TinyEncoder.VOCABULARY.size() + "}").getBytes(StandardCharsets.UTF_8))));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "The cat sat on the mat!  | 5 6 7 8 5 9 16", // lower case, punctuation apart
                "unwanted running         | 10 11 12 13 14", // the longest pieces first
                "`Café, CAFÉ`             | 15 17 15", // accents go with the case
                "hello世界world           | 28 23 24 22", // each Chinese character is a word
                "`the\\u0000\\tcat\\u200b`| 5 6", // control characters go, tabs are spaces
                "dog cat                  | 1 6", // a word without pieces is unknown as a whole
                "abb abc                  | 25 27 27 1",
                "bbbbbbbbbbbbbbbbbbbb     | 26 27 27 27 27 27 27 27 27 27 27 27 27 27 27 27 27 27 27 27",
                "bbbbbbbbbbbbbbbbbbbbb    | 1", // 21 characters, the limit is 20
                "[SEP] [CLS]              | 18 21 19 18 20 19", // names of control tokens are text
                "[MASK]                   | 18 1 19",
            })
    void textsBecomeTheIdsThatTheAlgorithmSays(String text, String ids) {
        String plain = text.replace("\\u0000", "\0").replace("\\t", "\t").replace("\\u200b", "\u200b");
        try (WordPiece tokenizer = tokenizer(json)) {
            assertThat(tokenizer.encode(plain))
                    .containsExactly(java.util.stream.Stream.of(("2 " + ids + " 3").split(" "))
                            .mapToInt(Integer::parseInt)
                            .toArray());
        }
    }

    @Test
    void idsBecomeAboutTheText() {
        try (WordPiece tokenizer = tokenizer(json)) {
            assertThat(tokenizer.decode(new int[] {2, 10, 11, 12, 6, 3})).isEqualTo("[CLS] unwanted cat [SEP]");
            assertThat(tokenizer.encode("")).containsExactly(2, 3);
        }
    }

    @Test
    void otherAccentsAndCasesStayWhereTheFileSaysSo() {
        String cased = json.replace("\"lowercase\": true", "\"lowercase\": false");
        try (WordPiece tokenizer = tokenizer(cased)) {
            assertThat(tokenizer.encode("the The")).containsExactly(2, 5, 1, 3);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`\"type\": \"WordPiece\", \"unk` | `\"type\": \"Unigram\", \"unk` | the model 'Unigram', supported is WordPiece",
                "BertNormalizer | Nmt | the normalizer 'Nmt', supported is BertNormalizer",
                "BertPreTokenizer | Whitespace | the pre_tokenizer 'Whitespace'",
                "TemplateProcessing | RobertaProcessing | the post_processor 'RobertaProcessing'",
                "`\"clean_text\": true` | `\"clean_text\": 1` | no clean_text",
                "`\"clean_text\": true` | `\"clean_text\": true, \"nfc\": true` | the unknown setting 'nfc' of its normalizer",
                "`\"strip_accents\": null` | `\"strip_accents\": \"no\"` | strip_accents \"no\", expected true, false or null",
                "`\"max_input_chars_per_word\": 20` | `\"max_input_chars_per_word\": 100000` | max_input_chars_per_word 100000, expected 1 to 1000",
                "`\"continuing_subword_prefix\": \"##\"` | `\"continuing_subword_prefix\": \"\"` | continuing_subword_prefix \"\"",
                "`\"unk_token\": \"[UNK]\"` | `\"unk_token\": \"[NONE]\"` | the unk_token \"[NONE]\", which is no token",
                "`\"hello\": 28` | `\"hello\": 29` | the id 29 in vocab, expected 0 to 28",
                "`\"hello\": 28` | `\"hello\": 27` | a duplicate id 27 in vocab",
                "`\"special\": true` | `\"special\": false` | an added token of id 0 that is not special",
                "`\"content\": \"[PAD]\"` | `\"content\": \"the\"` | the added token id 0, which vocab has for another",
                "`{\"SpecialToken\": {\"id\": \"[CLS]\", \"type_id\": 0}},` | `` | does not put one token before and one after",
                "`{\"id\": \"[CLS]\", \"type` | `{\"id\": \"[NONE]\", \"type` | puts '[NONE]' around a text, which is no token",
            })
    void V4_3_whatIsNotKnownIsRefusedByName(String from, String to, String message) {
        assertThat(json).contains(from);
        assertThatThrownBy(() ->
                        tokenizer(json.replace(from, to == null ? "" : to)).close())
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining(message);
    }

    private WordPiece ofGguf(TinyGguf file) throws IOException {
        try (VerifiedArtifact artifact = ModelPath.open(Files.write(folder.resolve("model.gguf"), file.bytes()))) {
            return WordPiece.of(artifact);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "The cat sat on the mat!",
                "unwanted running",
                "Café, CAFÉ",
                "hello世界world",
                "dog cat",
                "abb abc",
                "bbbbbbbbbbbbbbbbbbbb",
                "[SEP] [CLS] [MASK]",
                "",
            })
    void aGgufFileGivesTheSameIds(String text) throws IOException {
        try (WordPiece tokenizer = tokenizer(json);
                WordPiece gguf = ofGguf(TinyEncoder.gguf(WeightKind.F32, 1))) {
            assertThat(gguf.encode(text)).containsExactly(tokenizer.encode(text));
            assertThat(gguf.decode(gguf.encode(text))).isEqualTo(tokenizer.decode(tokenizer.encode(text)));
        }
    }

    @Test
    void aGgufFileMayKeepCapitalsAndAccents() throws IOException {
        TinyGguf cased = TinyEncoder.gguf(WeightKind.F32, 1).put("tokenizer.ggml.normalizer.lowercase", false);
        try (WordPiece tokenizer = ofGguf(cased)) {
            assertThat(tokenizer.encode("the The")).containsExactly(2, 5, 1, 3);
        }
        TinyGguf accented = TinyEncoder.gguf(WeightKind.F32, 1).put("tokenizer.ggml.normalizer.strip_accents", false);
        try (WordPiece tokenizer = ofGguf(accented)) {
            assertThat(tokenizer.encode("café CAFE")).containsExactly(2, 1, 15, 3);
        }
    }

    @Test
    void theFirstIdOfAGgufFileIsBosWhereItNamesOne() throws IOException {
        try (WordPiece tokenizer = ofGguf(TinyEncoder.gguf(WeightKind.F32, 1).put("tokenizer.ggml.bos_token_id", 4))) {
            assertThat(tokenizer.encode("the")).containsExactly(4, 5, 3);
        }
    }

    @Test
    void V4_3_whatAGgufFileLacksOrContradictsIsRefusedByName() {
        for (String missing : new String[] {"cls", "seperator", "unknown"})
            refused(
                    TinyEncoder.gguf(WeightKind.F32, 1).remove("tokenizer.ggml." + missing + "_token_id"),
                    "tokenizer.ggml." + missing + "_token_id is missing");
        refused(
                TinyEncoder.gguf(WeightKind.F32, 1).put("tokenizer.ggml.seperator_token_id", 29),
                "tokenizer.ggml.seperator_token_id 29, expected an id below 29");
        refused(
                TinyEncoder.gguf(WeightKind.F32, 1).put("tokenizer.ggml.model", "t5"),
                "tokenizer.ggml.model is 't5', an encoder's is bert");
        refused(
                TinyEncoder.gguf(WeightKind.F32, 1).put("tokenizer.ggml.add_sep_token", false),
                "tokenizer.ggml.add_sep_token is false");
        List<String> twice = new ArrayList<>(Collections.nCopies(TinyEncoder.VOCABULARY.size(), "\u2581the"));
        refused(
                TinyEncoder.gguf(WeightKind.F32, 1).put("tokenizer.ggml.tokens", twice),
                "has ids 0 and 1 for one token");
    }

    private void refused(TinyGguf file, String message) {
        assertThatThrownBy(() -> ofGguf(file).close())
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining(message);
    }
}
