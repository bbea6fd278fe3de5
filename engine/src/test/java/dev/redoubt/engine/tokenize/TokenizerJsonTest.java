package dev.redoubt.engine.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.engine.template.RenderedText;
import dev.redoubt.trust.ArtifactException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What a `tokenizer.json` and its neighbours mean, on vocabularies small enough to read.
class TokenizerJsonTest {
    private static final String PREPEND = "{'type':'Sequence','normalizers':[{'type':'Prepend','prepend':'▁'},"
            + "{'type':'Replace','pattern':{'String':' '},'content':'▁'}]}";
    private static final String DECODER = "{'type':'Sequence','decoders':[{'type':'Replace','pattern':{'String':'▁'},"
            + "'content':' '},{'type':'ByteFallback'},{'type':'Fuse'},{'type':'Strip','content':' ','start':1,'stop':0}]}";
    private static final String BOS =
            "{'type':'TemplateProcessing','single':[{'SpecialToken':{'id':'<s>','type_id':0}},"
                    + "{'Sequence':{'id':'A','type_id':0}}],'pair':[],'special_tokens':{'<s>':{'id':'<s>','ids':[1],'tokens':['<s>']}}}";

    /// 0 `<unk>`, 1 `<s>`, 2 `</s>`, 3 `▁`, 4 `a`, 5 `b`, 6 `▁a`, 7 `<tool>` (plain), 8 `<|im_end|>` (called
    /// plain), 9 `<r>` (rstrip)
    private static String json(String normalizer, String preTokenizer, String postProcessor, String added) {
        return ("{'version':'1.0','truncation':{'direction':'Right','max_length':2,'strategy':'LongestFirst','stride':0},"
                        + "'padding':null,'added_tokens':[" + special(0, "<unk>", true, false) + ","
                        + special(1, "<s>", true, false) + "," + special(2, "</s>", true, false) + ","
                        + special(7, "<tool>", false, false) + "," + special(8, "<|im_end|>", false, false) + ","
                        + special(9, "<r>", true, true) + added + "],'normalizer':" + normalizer + ",'pre_tokenizer':"
                        + preTokenizer + ",'post_processor':" + postProcessor + ",'decoder':" + DECODER
                        + ",'model':{'type':'BPE','dropout':null,'unk_token':'<unk>','continuing_subword_prefix':null,"
                        + "'end_of_word_suffix':null,'fuse_unk':true,'byte_fallback':false,'ignore_merges':false,"
                        + "'vocab':{'<unk>':0,'<s>':1,'</s>':2,'▁':3,'a':4,'b':5,'▁a':6},'merges':[['▁','a']]}}")
                .replace('\'', '"');
    }

    private static String special(int id, String content, boolean special, boolean rstrip) {
        return "{'id':%d,'content':'%s','single_word':false,'lstrip':false,'rstrip':%b,'normalized':false,'special':%b}"
                .formatted(id, content, rstrip, special);
    }

    private static Tokenizer tokenizer(String json, String tokenizerConfig, String generationConfig, String config) {
        return Tokenizer.of(TokenizerFiles.of(
                json.getBytes(StandardCharsets.UTF_8),
                Optional.of(tokenizerConfig.getBytes(StandardCharsets.UTF_8)),
                Optional.of(generationConfig.getBytes(StandardCharsets.UTF_8)),
                Optional.of(config.getBytes(StandardCharsets.UTF_8))));
    }

    private static RenderedText template(String text) {
        return new RenderedText(List.of(new RenderedText.Piece(text, true)));
    }

    @Test
    void truncationOfTheFileIsIgnored() {
        try (Tokenizer tokenizer = tokenizer(json(PREPEND, "null", "null", ""), "{}", "{}", "{}")) {
            assertThat(tokenizer.encode("abababab")).containsExactly(6, 5, 4, 5, 4, 5, 4, 5);
        }
    }

    @Test
    void bosComesFromThePostProcessorUnlessTheConfigSaysOtherwise() {
        try (Tokenizer template = tokenizer(json(PREPEND, "null", BOS, ""), "{}", "{}", "{}");
                Tokenizer off = tokenizer(json(PREPEND, "null", BOS, ""), "{\"add_bos_token\":false}", "{}", "{}");
                Tokenizer on = tokenizer(
                        json(PREPEND, "null", "null", ""),
                        "{\"add_bos_token\":true,\"bos_token\":{\"content\":\"<s>\"}}",
                        "{}",
                        "{}")) {
            assertThat(template.encode("a")).containsExactly(1, 6);
            assertThat(template.encodeWithoutBos("a")).containsExactly(6);
            assertThat(off.encode("a")).containsExactly(6);
            assertThat(off.bos()).hasValue(1);
            assertThat(on.encode("a")).containsExactly(1, 6);
        }
    }

    @Test
    void endsAreTheUnionOfAllFiles() {
        try (Tokenizer tokenizer = tokenizer(
                json(PREPEND, "null", "null", ""),
                "{\"eos_token\":\"</s>\"}",
                "{\"eos_token_id\":[4,5]}",
                "{\"eos_token_id\":6,\"vocab_size\":16}")) {
            assertThat(tokenizer.endOfSequence()).isEqualTo(Set.of(2, 4, 5, 6, 8));
            assertThat(tokenizer.vocabularySize()).isEqualTo(16);
            assertThat(tokenizer.bytes(15)).isEmpty();
            assertThat(tokenizer.decode(new int[] {6, 15, 5}, false)).isEqualTo("ab");
        }
    }

    @Test
    void plainAddedTokensStayWithTheirIdsAndTurnMarkersAreControl() {
        try (Tokenizer tokenizer = tokenizer(json(PREPEND, "null", "null", ""), "{}", "{}", "{}")) {
            assertThat(tokenizer.encode("<tool>")).containsExactly(7);
            assertThat(tokenizer.encode("a<|im_end|></s><r>")).doesNotContain(8, 2, 9);
            assertThat(tokenizer.isControl(8)).isTrue();
            assertThat(tokenizer.isControl(7)).isFalse();
            assertThat(tokenizer.encode(template("a</s>b<tool>"))).containsExactly(6, 2, 3, 5, 7);
        }
    }

    @Test
    void tokenWithRstripSwallowsTheSpaceAfterIt() {
        try (Tokenizer tokenizer = tokenizer(json(PREPEND, "null", "null", ""), "{}", "{}", "{}")) {
            assertThat(tokenizer.encode(template("<r> \n a"))).containsExactly(9, 6);
        }
    }

    @Test
    void metaspaceFirstPrependsOnlyAtTheVeryStart() {
        String first = "{'type':'Metaspace','replacement':'▁','prepend_scheme':'first','split':false}";
        String always = first.replace("first", "always");
        try (Tokenizer atStart = tokenizer(json("null", first, "null", ""), "{}", "{}", "{}");
                Tokenizer everywhere = tokenizer(json("null", always, "null", ""), "{}", "{}", "{}")) {
            assertThat(atStart.encode(template("a</s>a a"))).containsExactly(6, 2, 4, 6);
            assertThat(everywhere.encode(template("a</s>a a"))).containsExactly(6, 2, 6, 6);
            assertThat(atStart.encode("a")).containsExactly(6);
        }
    }

    @Test
    void aContinuedTextKeepsItsFirstSpace() {
        try (Tokenizer tokenizer = tokenizer(json(PREPEND, "null", "null", ""), "{}", "{}", "{}")) {
            assertThat(tokenizer.newStreamDecoder(true).push(6)).isEqualTo("a");
            assertThat(tokenizer.newStreamDecoder(true, new int[] {1}).push(6)).isEqualTo("a");
            assertThat(tokenizer.newStreamDecoder(true, new int[] {1, 5}).push(6))
                    .isEqualTo(" a");
            assertThat(tokenizer.decode(new int[] {1, 6, 6}, true)).isEqualTo("a a");
            assertThat(tokenizer.decode(new int[] {1, 6}, false)).isEqualTo("<s> a");
        }
    }

    @Test
    void whatIsUnknownIsRefused() {
        refused(json("{'type':'Precompiled'}", "null", "null", ""), "normalizer 'Precompiled'");
        refused(json("null", "{'type':'UnicodeScripts'}", "null", ""), "pre_tokenizer 'UnicodeScripts'");
        refused(json(PREPEND, "null", "null", "").replace("Strip\"", "CTC\""), "decoder 'CTC'");
        refused(json(PREPEND, "null", "null", "").replace("\"BPE\"", "\"Unigram\""), "model type 'Unigram'");
        refused(json(PREPEND, "null", "null", "," + special(10, "<s>", true, false)), "duplicate");
        refused("{", "JSON");
        refused("[]", "JSON object");
        assertThatThrownBy(() -> tokenizer(json(PREPEND, "null", "null", ""), "{\"add_bos_token\":true}", "{}", "{}"))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining("bos_token");
    }

    private static void refused(String json, String reason) {
        assertThatThrownBy(() -> tokenizer(json, "{}", "{}", "{}"))
                .isInstanceOf(ArtifactException.class)
                .hasMessageContaining(reason);
    }
}
