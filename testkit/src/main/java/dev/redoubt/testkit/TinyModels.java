package dev.redoubt.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/// Small Llama models with random weights, for unit tests of every module: hidden 64, 2 layers, 4 heads of 16,
/// 2 KV heads, feed-forward 96, a byte-level vocabulary of 272 (BOS 1, EOS 2), 256 positions, a head of its
/// own, a ChatML template. The same seed is the same model in every container and kind, up to the rounding of
/// the kind.
public final class TinyModels {
    public static final int HIDDEN_SIZE = 64;
    public static final int FEED_FORWARD_SIZE = 96;
    public static final int LAYERS = 2;
    public static final int QUERY_HEADS = 4;
    public static final int KV_HEADS = 2;
    public static final int HEAD_DIMENSION = 16;
    public static final int CONTEXT_TOKENS_MAX = 256;
    public static final int VOCABULARY_SIZE = 272;
    public static final int END_OF_SEQUENCE = TinyVocabulary.END;

    /// @param gguf its name in a GGUF file
    /// @param huggingFace its name in a Hugging Face folder
    /// @param headsToInterleave heads whose rows GGUF orders for neighbouring rotary pairs; 0: as they are
    private record Weight(String gguf, String huggingFace, long[] shape, float[] values, int headsToInterleave) {}

    private TinyModels() {}

    /// Writes one GGUF file.
    public static Path gguf(Path file, WeightKind kind, long seed) throws IOException {
        return Files.write(file, ggufOf(kind, seed).bytes());
    }

    /// Writes `config.json`, `tokenizer.json`, `tokenizer_config.json` and `model.safetensors` into a folder,
    /// which is made if need be.
    ///
    /// @param kind F32, F16 or BF16
    public static Path huggingFace(Path folder, WeightKind kind, long seed) throws IOException {
        Files.createDirectories(folder);
        Files.write(
                folder.resolve("model.safetensors"), safetensorsOf(kind, seed).bytes());
        Files.writeString(folder.resolve("config.json"), configJson(kind));
        Files.writeString(folder.resolve("tokenizer.json"), TinyVocabulary.tokenizerJson());
        Files.writeString(folder.resolve("tokenizer_config.json"), TinyVocabulary.tokenizerConfigJson());
        return folder;
    }

    /// As [#gguf], to be changed before it is written.
    public static TinyGguf ggufOf(WeightKind kind, long seed) {
        TinyGguf file = new TinyGguf()
                .put("general.architecture", "llama")
                .put("general.name", "tiny")
                .put("general.license", "apache-2.0")
                .put("llama.context_length", CONTEXT_TOKENS_MAX)
                .put("llama.embedding_length", HIDDEN_SIZE)
                .put("llama.block_count", LAYERS)
                .put("llama.feed_forward_length", FEED_FORWARD_SIZE)
                .put("llama.attention.head_count", QUERY_HEADS)
                .put("llama.attention.head_count_kv", KV_HEADS)
                .put("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .put("llama.rope.freq_base", 10_000f)
                .put("llama.rope.dimension_count", HEAD_DIMENSION)
                .put("llama.vocab_size", VOCABULARY_SIZE)
                .put("tokenizer.ggml.model", "gpt2")
                .put("tokenizer.ggml.pre", "gpt-2")
                .put("tokenizer.ggml.tokens", TinyVocabulary.tokens())
                .put("tokenizer.ggml.token_type", TinyVocabulary.types())
                .put("tokenizer.ggml.merges", TinyVocabulary.MERGES)
                .put("tokenizer.ggml.bos_token_id", TinyVocabulary.BEGIN)
                .put("tokenizer.ggml.eos_token_id", TinyVocabulary.END)
                .put("tokenizer.ggml.padding_token_id", TinyVocabulary.END)
                .put("tokenizer.ggml.add_bos_token", false)
                .put("tokenizer.ggml.add_space_prefix", false)
                .put("tokenizer.chat_template", TinyVocabulary.CHAT_TEMPLATE);
        for (Weight weight : weights(seed)) {
            boolean norm = weight.shape.length == 1;
            float[] values = weight.headsToInterleave == 0 ? weight.values : interleaved(weight);
            WeightKind own = norm ? WeightKind.F32 : kind;
            file.tensor(weight.gguf, own, own.encode(values), weight.shape);
        }
        return file;
    }

    /// As [#huggingFace], to be changed before it is written.
    public static TinySafetensors safetensorsOf(WeightKind kind, long seed) {
        if (!kind.plain()) throw new IllegalArgumentException("safetensors holds no " + kind);
        TinySafetensors file = new TinySafetensors();
        for (Weight weight : weights(seed))
            file.tensor(weight.huggingFace, kind, kind.encode(weight.values), weight.shape);
        return file;
    }

    /// The `config.json` of [#huggingFace].
    public static String configJson(WeightKind kind) {
        String dtype = switch (kind) {
            case F16 -> "float16";
            case BF16 -> "bfloat16";
            case F32, Q8_0, Q4_0, Q4_1 -> "float32";
        };
        return """
                {"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":%d,"intermediate_size":%d,
                "num_hidden_layers":%d,"num_attention_heads":%d,"num_key_value_heads":%d,"head_dim":%d,"vocab_size":%d,
                "max_position_embeddings":%d,"rms_norm_eps":1e-05,"rope_theta":10000.0,"rope_scaling":null,"hidden_act":"silu",
                "attention_bias":false,"mlp_bias":false,"tie_word_embeddings":false,"bos_token_id":1,"eos_token_id":2,
                "torch_dtype":"%s"}
                """.formatted(
                        HIDDEN_SIZE,
                        FEED_FORWARD_SIZE,
                        LAYERS,
                        QUERY_HEADS,
                        KV_HEADS,
                        HEAD_DIMENSION,
                        VOCABULARY_SIZE,
                        CONTEXT_TOKENS_MAX,
                        dtype);
    }

    private static List<Weight> weights(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int queryWidth = QUERY_HEADS * HEAD_DIMENSION;
        int kvWidth = KV_HEADS * HEAD_DIMENSION;
        List<Weight> all = new ArrayList<>();
        all.add(matrix(random, "token_embd.weight", "model.embed_tokens.weight", VOCABULARY_SIZE, HIDDEN_SIZE, 1, 0));
        for (int layer = 0; layer < LAYERS; layer++) {
            String gguf = "blk." + layer + ".";
            String attention = "model.layers." + layer + ".self_attn.";
            String feedForward = "model.layers." + layer + ".mlp.";
            all.add(norm(random, gguf + "attn_norm.weight", "model.layers." + layer + ".input_layernorm.weight"));
            all.add(matrix(
                    random,
                    gguf + "attn_q.weight",
                    attention + "q_proj.weight",
                    queryWidth,
                    HIDDEN_SIZE,
                    0.15,
                    QUERY_HEADS));
            all.add(matrix(
                    random, gguf + "attn_k.weight", attention + "k_proj.weight", kvWidth, HIDDEN_SIZE, 0.15, KV_HEADS));
            all.add(matrix(random, gguf + "attn_v.weight", attention + "v_proj.weight", kvWidth, HIDDEN_SIZE, 0.2, 0));
            all.add(matrix(
                    random, gguf + "attn_output.weight", attention + "o_proj.weight", HIDDEN_SIZE, queryWidth, 0.2, 0));
            all.add(norm(
                    random, gguf + "ffn_norm.weight", "model.layers." + layer + ".post_attention_layernorm.weight"));
            all.add(matrix(
                    random,
                    gguf + "ffn_gate.weight",
                    feedForward + "gate_proj.weight",
                    FEED_FORWARD_SIZE,
                    HIDDEN_SIZE,
                    0.2,
                    0));
            all.add(matrix(
                    random,
                    gguf + "ffn_up.weight",
                    feedForward + "up_proj.weight",
                    FEED_FORWARD_SIZE,
                    HIDDEN_SIZE,
                    0.2,
                    0));
            all.add(matrix(
                    random,
                    gguf + "ffn_down.weight",
                    feedForward + "down_proj.weight",
                    HIDDEN_SIZE,
                    FEED_FORWARD_SIZE,
                    0.2,
                    0));
        }
        all.add(norm(random, "output_norm.weight", "model.norm.weight"));
        Weight head = matrix(random, "output.weight", "lm_head.weight", VOCABULARY_SIZE, HIDDEN_SIZE, 0.35, 0);
        // What is most likely is a text that can be printed, as it is with a model that has learnt something.
        for (int id = 0; id < VOCABULARY_SIZE; id++)
            if (TinyVocabulary.unprintable(id)) Arrays.fill(head.values, id * HIDDEN_SIZE, (id + 1) * HIDDEN_SIZE, 0);
        all.add(head);
        return all;
    }

    private static Weight matrix(
            SplittableRandom random,
            String gguf,
            String huggingFace,
            int rows,
            int columns,
            double deviation,
            int headsToInterleave) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) values[i] = (float) (deviation * random.nextGaussian());
        return new Weight(gguf, huggingFace, new long[] {rows, columns}, values, headsToInterleave);
    }

    private static Weight norm(SplittableRandom random, String gguf, String huggingFace) {
        float[] values = new float[HIDDEN_SIZE];
        for (int i = 0; i < values.length; i++) values[i] = random.nextInt(48, 81) / 64f; // exact in every kind
        return new Weight(gguf, huggingFace, new long[] {HIDDEN_SIZE}, values, 0);
    }

    /// Within each head, row `half · p + j` becomes row `2j + p`.
    private static float[] interleaved(Weight weight) {
        int columns = Math.toIntExact(weight.shape[1]);
        int half = HEAD_DIMENSION / 2;
        float[] result = new float[weight.values.length];
        for (int row = 0; row < weight.headsToInterleave * HEAD_DIMENSION; row++) {
            int head = row / HEAD_DIMENSION;
            int inHead = row % HEAD_DIMENSION;
            int target = head * HEAD_DIMENSION + 2 * (inHead % half) + inHead / half;
            float[] values = Arrays.copyOfRange(weight.values, row * columns, (row + 1) * columns);
            System.arraycopy(values, 0, result, target * columns, columns);
        }
        return result;
    }
}
