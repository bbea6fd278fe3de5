package dev.redoubt.testkit;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// A byte-level vocabulary of GPT-2's kind: three control tokens, the 256 bytes, a few merges. Every text can
/// be encoded.
final class TinyVocabulary {
    static final int BEGIN = 1;
    static final int END = 2;
    static final List<String> CONTROL = List.of("<|endoftext|>", "<|im_start|>", "<|im_end|>");
    static final List<String> MERGES =
            List.of("Ġ t", "h e", "Ġ a", "i n", "r e", "o n", "Ġt he", "e r", "Ġ s", "o u", "in g", "Ġ w", "Ċ Ċ");

    /// ChatML, as SmolLM2 writes it.
    static final String CHAT_TEMPLATE =
            "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}"
                    + "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private TinyVocabulary() {}

    /// By id.
    static List<String> tokens() {
        List<String> tokens = new ArrayList<>(CONTROL);
        for (int b = 0; b < 256; b++) tokens.add(Character.toString(character(b)));
        for (String merge : MERGES) tokens.add(merge.replace(" ", ""));
        return tokens;
    }

    /// Whether a token is a byte that is no character of its own, or a control character.
    static boolean unprintable(int id) {
        int b = id - CONTROL.size();
        return b >= 0 && b < 256 && (b < ' ' || b > '~');
    }

    /// GGUF's token types: 3 is control, 1 normal.
    static int[] types() {
        int[] types = new int[tokens().size()];
        for (int id = 0; id < types.length; id++) types[id] = id < CONTROL.size() ? 3 : 1;
        return types;
    }

    /// Hugging Face's `tokenizer.json`.
    static String tokenizerJson() {
        List<String> tokens = tokens();
        StringBuilder vocabulary = new StringBuilder();
        for (int id = 0; id < tokens.size(); id++)
            vocabulary
                    .append(id == 0 ? "" : ",")
                    .append(quoted(tokens.get(id)))
                    .append(':')
                    .append(id);
        StringBuilder added = new StringBuilder();
        for (int id = 0; id < CONTROL.size(); id++)
            added.append(id == 0 ? "" : ",")
                    .append("{\"id\":%d,\"content\":%s,\"single_word\":false,\"lstrip\":false,\"rstrip\":false,"
                            .formatted(id, quoted(CONTROL.get(id))))
                    .append("\"normalized\":false,\"special\":true}");
        String merges = MERGES.stream().map(TinyVocabulary::quoted).collect(Collectors.joining(","));
        return """
                {"version":"1.0","truncation":null,"padding":null,"added_tokens":[%s],"normalizer":null,
                "pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
                "post_processor":null,
                "decoder":{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true},
                "model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,
                "end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,
                "vocab":{%s},"merges":[%s]}}
                """.formatted(added, vocabulary, merges);
    }

    static String tokenizerConfigJson() {
        return """
                {"bos_token":"<|im_start|>","eos_token":"<|im_end|>","pad_token":"<|im_end|>","add_bos_token":false,
                "model_max_length":256,"tokenizer_class":"GPT2Tokenizer","chat_template":%s}
                """.formatted(quoted(CHAT_TEMPLATE));
    }

    /// GPT-2's printable stand-in for a byte.
    private static int character(int b) {
        if (printable(b)) return b;
        int before = 0;
        for (int other = 0; other < b; other++) if (!printable(other)) before++;
        return 256 + before;
    }

    private static boolean printable(int b) {
        return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xAC) || b >= 0xAE;
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }
}
