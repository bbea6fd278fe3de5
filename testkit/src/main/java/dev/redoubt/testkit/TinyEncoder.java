package dev.redoubt.testkit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/// A small BERT with random weights in the layout of sentence-transformers: hidden 32, 2 layers, 2 heads of 16,
/// feed-forward 48, 64 positions, texts of up to 48 tokens, mean pooling, unit length, the first 8 or 16 numbers an
/// embedding themselves.
public final class TinyEncoder {
    public static final int HIDDEN_SIZE = 32;
    public static final int TOKENS_MAX = 48;
    /// By id; 2 and 3 are put around a text.
    public static final List<String> VOCABULARY = List.of(
            "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "cat", "sat", "on", "mat", "un", "##want", "##ed",
            "runn", "##ing", "cafe", "!", ",", "[", "]", "cls", "sep", "world", "世", "界", "a", "b", "##b", "hello");
    private static final int CONTROLS = 5;
    private static final int FEED_FORWARD_SIZE = 48;
    private static final int LAYERS = 2;
    private static final int POSITIONS = 64;

    private TinyEncoder() {}

    /// Writes all files into a folder, which is made if need be.
    ///
    /// @param kind F32, F16 or BF16
    public static Path write(Path folder, WeightKind kind, long seed) throws IOException {
        Files.createDirectories(folder.resolve("1_Pooling"));
        Files.write(folder.resolve("model.safetensors"), tensors(kind, seed, "").bytes());
        Files.writeString(folder.resolve("config.json"), configJson());
        Files.writeString(folder.resolve("tokenizer.json"), tokenizerJson());
        Files.writeString(folder.resolve("modules.json"), MODULES);
        Files.writeString(folder.resolve("1_Pooling").resolve("config.json"), POOLING);
        Files.writeString(
                folder.resolve("sentence_bert_config.json"),
                "{\"max_seq_length\": %d, \"do_lower_case\": false}".formatted(TOKENS_MAX));
        return folder;
    }

    /// The same model as llama.cpp's converter would write it, to be changed before it is written: what begins a word
    /// has a mark in front, control tokens have their type, vectors stay F32, and so does what has no whole blocks.
    public static TinyGguf gguf(WeightKind kind, long seed) {
        int[] types = IntStream.range(0, VOCABULARY.size())
                .map(id -> id < CONTROLS ? 3 : 1)
                .toArray();
        TinyGguf file = new TinyGguf()
                .put("general.architecture", "bert")
                .put("bert.block_count", LAYERS)
                .put("bert.context_length", POSITIONS)
                .put("bert.embedding_length", HIDDEN_SIZE)
                .put("bert.feed_forward_length", FEED_FORWARD_SIZE)
                .put("bert.attention.head_count", 2)
                .put("bert.attention.layer_norm_epsilon", 1e-12f)
                .put("bert.attention.causal", false)
                .put("bert.pooling_type", 1)
                .put("tokenizer.ggml.model", "bert")
                .put("tokenizer.ggml.token_type_count", 2)
                .put(
                        "tokenizer.ggml.tokens",
                        IntStream.range(0, VOCABULARY.size())
                                .mapToObj(TinyEncoder::marked)
                                .toList())
                .put("tokenizer.ggml.token_type", types)
                .put("tokenizer.ggml.unknown_token_id", 1)
                .put("tokenizer.ggml.cls_token_id", 2)
                .put("tokenizer.ggml.seperator_token_id", 3);
        tensors(WeightKind.F32, seed, "", (name, plain, data, shape) -> {
            boolean blocks = shape.length == 2 && shape[1] % 32 == 0;
            if (blocks) file.tensor(ggufName(name), kind, kind.encode(floats(data)), shape);
            else file.tensor(ggufName(name), plain, data, shape);
        });
        return file;
    }

    private static float[] floats(byte[] f32) {
        float[] values = new float[f32.length / Float.BYTES];
        ByteBuffer.wrap(f32).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return values;
    }

    private static String marked(int id) {
        String token = VOCABULARY.get(id);
        if (id < CONTROLS) return token;
        return token.startsWith("##") ? token.substring(2) : "\u2581" + token;
    }

    private static String ggufName(String name) {
        return name.replace("embeddings.word_embeddings", "token_embd")
                .replace("embeddings.position_embeddings", "position_embd")
                .replace("embeddings.token_type_embeddings", "token_types")
                .replace("embeddings.LayerNorm", "token_embd_norm")
                .replace("encoder.layer.", "blk.")
                .replace("attention.self.query", "attn_q")
                .replace("attention.self.key", "attn_k")
                .replace("attention.self.value", "attn_v")
                .replace("attention.output.dense", "attn_output")
                .replace("attention.output.LayerNorm", "attn_output_norm")
                .replace("intermediate.dense", "ffn_up")
                .replace("output.dense", "ffn_down")
                .replace("output.LayerNorm", "layer_output_norm");
    }

    private static String configJson() {
        return """
                {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 32, "intermediate_size": 48,
                "num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": %d, "max_position_embeddings": 64,
                "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu", "position_embedding_type": "absolute",
                "is_decoder": false, "torch_dtype": "float32", "matryoshka_dimensions": [8, 16]}
                """.formatted(VOCABULARY.size());
    }

    private static final String MODULES = """
            [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
            {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
            {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}]
            """;
    private static final String POOLING = """
            {"word_embedding_dimension": 32, "pooling_mode_cls_token": false, "pooling_mode_mean_tokens": true,
            "pooling_mode_max_tokens": false, "pooling_mode_mean_sqrt_len_tokens": false}
            """;

    private static String tokenizerJson() {
        String vocab = IntStream.range(0, VOCABULARY.size())
                .mapToObj(id -> "\"" + VOCABULARY.get(id) + "\": " + id)
                .collect(Collectors.joining(", "));
        String added = IntStream.range(0, CONTROLS)
                .mapToObj(id -> "{\"id\": %d, \"content\": \"%s\", \"single_word\": false, \"lstrip\": false,"
                                .formatted(id, VOCABULARY.get(id))
                        + " \"rstrip\": false, \"normalized\": false, \"special\": true}")
                .collect(Collectors.joining(", "));
        return """
                {"version": "1.0",
                "truncation": {"direction": "Right", "max_length": 4, "strategy": "LongestFirst", "stride": 0},
                "padding": {"strategy": {"Fixed": 8}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
                "pad_type_id": 0, "pad_token": "[PAD]"},
                "added_tokens": [%s],
                "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
                "strip_accents": null, "lowercase": true},
                "pre_tokenizer": {"type": "BertPreTokenizer"},
                "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "[CLS]", "type_id": 0}},
                {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "[SEP]", "type_id": 0}}], "pair": [],
                "special_tokens": {}},
                "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
                "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
                "max_input_chars_per_word": 20, "vocab": {%s}}}
                """.formatted(added, vocab);
    }

    /// To be changed before it is written.
    ///
    /// @param prefix of all names
    public static TinySafetensors tensors(WeightKind kind, long seed, String prefix) {
        TinySafetensors file = new TinySafetensors();
        tensors(kind, seed, prefix, file::tensor);
        return file;
    }

    private static void tensors(WeightKind kind, long seed, String prefix, Sink file) {
        SplittableRandom random = new SplittableRandom(seed);
        matrix(file, kind, random, prefix + "embeddings.word_embeddings.weight", VOCABULARY.size(), HIDDEN_SIZE);
        matrix(file, kind, random, prefix + "embeddings.position_embeddings.weight", POSITIONS, HIDDEN_SIZE);
        matrix(file, kind, random, prefix + "embeddings.token_type_embeddings.weight", 2, HIDDEN_SIZE);
        norm(file, kind, random, prefix + "embeddings.LayerNorm");
        for (int layer = 0; layer < LAYERS; layer++) {
            String at = prefix + "encoder.layer." + layer + ".";
            for (String name : List.of("query", "key", "value"))
                linear(file, kind, random, at + "attention.self." + name, HIDDEN_SIZE, HIDDEN_SIZE);
            linear(file, kind, random, at + "attention.output.dense", HIDDEN_SIZE, HIDDEN_SIZE);
            norm(file, kind, random, at + "attention.output.LayerNorm");
            linear(file, kind, random, at + "intermediate.dense", FEED_FORWARD_SIZE, HIDDEN_SIZE);
            linear(file, kind, random, at + "output.dense", HIDDEN_SIZE, FEED_FORWARD_SIZE);
            norm(file, kind, random, at + "output.LayerNorm");
        }
    }

    /// Takes one tensor.
    private interface Sink {
        void tensor(String name, WeightKind kind, byte[] data, long... shape);
    }

    private static void linear(
            Sink file, WeightKind kind, SplittableRandom random, String name, int rows, int columns) {
        matrix(file, kind, random, name + ".weight", rows, columns);
        vector(file, kind, random, name + ".bias", 0, rows);
    }

    private static void norm(Sink file, WeightKind kind, SplittableRandom random, String name) {
        vector(file, kind, random, name + ".weight", 1, HIDDEN_SIZE);
        vector(file, kind, random, name + ".bias", 0, HIDDEN_SIZE);
    }

    private static void matrix(
            Sink file, WeightKind kind, SplittableRandom random, String name, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) values[i] = (float) (0.25 * random.nextGaussian());
        file.tensor(name, kind, kind.encode(values), rows, columns);
    }

    private static void vector(
            Sink file, WeightKind kind, SplittableRandom random, String name, float around, int size) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) values[i] = around + random.nextInt(-16, 17) / 64f; // exact in every kind
        file.tensor(name, kind, kind.encode(values), size);
    }
}
