package dev.redoubt.engine.model;

import java.util.List;

/// What a decoder's configuration holds, with both containers' names for it.
enum ConfigKey {
    VOCABULARY_SIZE("vocab_size", "vocab_size"),
    HIDDEN_SIZE("embedding_length", "hidden_size"),
    FEED_FORWARD_SIZE("feed_forward_length", "intermediate_size"),
    LAYERS("block_count", "num_hidden_layers"),
    QUERY_HEADS("attention.head_count", "num_attention_heads"),
    KV_HEADS("attention.head_count_kv", "num_key_value_heads"),
    HEAD_DIMENSION("attention.key_length", "head_dim"),
    CONTEXT_TOKENS("context_length", "max_position_embeddings"),
    NORM_EPSILON("attention.layer_norm_rms_epsilon", "rms_norm_eps"),
    /// Of norms that take the mean away first.
    LAYER_NORM_EPSILON("attention.layer_norm_epsilon", "layer_norm_eps"),
    TOKEN_TYPES("tokenizer.ggml.token_type_count", "type_vocab_size"),
    /// Whether the first numbers of an embedding are one themselves, and how many of them.
    MATRYOSHKA("", "is_matryoshka"),
    MATRYOSHKA_DIMENSIONS("", "matryoshka_dimensions"),
    ROPE_BASE("rope.freq_base", "rope_theta"),
    /// Of layers with a window.
    ROPE_LOCAL_BASE("rope.freq_base_swa", "rope_local_base_freq"),
    /// How many tokens a row sees, its own among them.
    SLIDING_WINDOW("attention.sliding_window", "sliding_window"),
    USE_SLIDING_WINDOW("", "use_sliding_window"),
    /// The first layer with a window.
    MAX_WINDOW_LAYERS("", "max_window_layers"),
    /// Every how many layers one has no window.
    WINDOW_PATTERN("", "sliding_window_pattern", "_sliding_window_pattern"),
    /// By layer: 0 where it has no rotary embedding.
    NO_ROPE_LAYERS("", "no_rope_layers"),
    /// Every how many layers one has no rotary embedding.
    NO_ROPE_INTERVAL("", "no_rope_layer_interval"),
    /// Scores are divided by its root.
    SCORE_SCALAR("", "query_pre_attn_scalar"),
    SCORE_CAP("attn_logit_softcapping", "attn_logit_softcapping"),
    LOGIT_CAP("final_logit_softcapping", "final_logit_softcapping"),
    EXPERTS("expert_count", "num_local_experts", "num_experts"),
    EXPERTS_PER_TOKEN("expert_used_count", "num_experts_per_tok"),
    EXPERT_SIZE("expert_feed_forward_length", "moe_intermediate_size"),
    NORMALISED_EXPERTS("", "norm_topk_prob"),
    /// Layers without experts.
    DENSE_LAYERS("", "mlp_only_layers"),
    /// Every how many layers one has experts.
    SPARSE_STEP("", "decoder_sparse_step");

    final String gguf; // after the architecture and a dot; empty: the container cannot say it
    final List<String> huggingFace; // by age of the spelling, the newest first

    ConfigKey(String gguf, String... huggingFace) {
        this.gguf = gguf;
        this.huggingFace = List.of(huggingFace);
    }
}
