package dev.redoubt.engine.model;

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
    ROPE_BASE("rope.freq_base", "rope_theta");

    final String gguf; // after the architecture and a dot
    final String huggingFace;

    ConfigKey(String gguf, String huggingFace) {
        this.gguf = gguf;
        this.huggingFace = huggingFace;
    }
}
