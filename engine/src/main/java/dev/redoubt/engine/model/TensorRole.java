package dev.redoubt.engine.model;

import dev.redoubt.trust.VerifiedArtifact.Container;

/// What a tensor is for, with its name in each container; `%d` stands for the layer, `%e` for the expert.
enum TensorRole {
    EMBEDDING("token_embd.weight", "model.embed_tokens.weight"),
    ATTENTION_NORM("blk.%d.attn_norm.weight", "model.layers.%d.input_layernorm.weight"),
    QUERY("blk.%d.attn_q.weight", "model.layers.%d.self_attn.q_proj.weight"),
    KEY("blk.%d.attn_k.weight", "model.layers.%d.self_attn.k_proj.weight"),
    VALUE("blk.%d.attn_v.weight", "model.layers.%d.self_attn.v_proj.weight"),
    QUERY_KEY_VALUE("blk.%d.attn_qkv.weight", "model.layers.%d.self_attn.qkv_proj.weight"),
    QUERY_BIAS("blk.%d.attn_q.bias", "model.layers.%d.self_attn.q_proj.bias"),
    KEY_BIAS("blk.%d.attn_k.bias", "model.layers.%d.self_attn.k_proj.bias"),
    VALUE_BIAS("blk.%d.attn_v.bias", "model.layers.%d.self_attn.v_proj.bias"),
    QUERY_NORM("blk.%d.attn_q_norm.weight", "model.layers.%d.self_attn.q_norm.weight"),
    KEY_NORM("blk.%d.attn_k_norm.weight", "model.layers.%d.self_attn.k_norm.weight"),
    ATTENTION_OUTPUT("blk.%d.attn_output.weight", "model.layers.%d.self_attn.o_proj.weight"),
    /// Of what attention adds, where norms stand after the blocks.
    AFTER_ATTENTION_NORM("blk.%d.post_attention_norm.weight", "model.layers.%d.post_attention_layernorm.weight"),
    /// Of the feed-forward block's input, where norms stand before the blocks only.
    FEED_FORWARD_NORM("blk.%d.ffn_norm.weight", "model.layers.%d.post_attention_layernorm.weight"),
    /// The same, where norms stand around the blocks.
    BEFORE_FEED_FORWARD_NORM("blk.%d.ffn_norm.weight", "model.layers.%d.pre_feedforward_layernorm.weight"),
    AFTER_FEED_FORWARD_NORM("blk.%d.post_ffw_norm.weight", "model.layers.%d.post_feedforward_layernorm.weight"),
    GATE("blk.%d.ffn_gate.weight", "model.layers.%d.mlp.gate_proj.weight"),
    UP("blk.%d.ffn_up.weight", "model.layers.%d.mlp.up_proj.weight"),
    /// The gate's rows first.
    GATE_UP("blk.%d.ffn_up.weight", "model.layers.%d.mlp.gate_up_proj.weight"),
    DOWN("blk.%d.ffn_down.weight", "model.layers.%d.mlp.down_proj.weight"),
    ROUTER("blk.%d.ffn_gate_inp.weight", "model.layers.%d.mlp.gate.weight"),
    EXPERT_GATE("blk.%d.ffn_gate_exps.weight", "model.layers.%d.mlp.experts.%e.gate_proj.weight"),
    EXPERT_UP("blk.%d.ffn_up_exps.weight", "model.layers.%d.mlp.experts.%e.up_proj.weight"),
    EXPERT_DOWN("blk.%d.ffn_down_exps.weight", "model.layers.%d.mlp.experts.%e.down_proj.weight"),
    MIXTRAL_ROUTER("blk.%d.ffn_gate_inp.weight", "model.layers.%d.block_sparse_moe.gate.weight"),
    MIXTRAL_EXPERT_GATE("blk.%d.ffn_gate_exps.weight", "model.layers.%d.block_sparse_moe.experts.%e.w1.weight"),
    MIXTRAL_EXPERT_UP("blk.%d.ffn_up_exps.weight", "model.layers.%d.block_sparse_moe.experts.%e.w3.weight"),
    MIXTRAL_EXPERT_DOWN("blk.%d.ffn_down_exps.weight", "model.layers.%d.block_sparse_moe.experts.%e.w2.weight"),
    FINAL_NORM("output_norm.weight", "model.norm.weight"),
    HEAD("output.weight", "lm_head.weight"),
    /// What each rotary frequency is divided by: GGUF's form of llama3 scaling.
    ROPE_DIVISORS("rope_freqs.weight", "rope_freqs.weight"),
    /// The same in contexts up to the original one and in longer ones: GGUF's form of LongRoPE.
    ROPE_SHORT_DIVISORS("rope_factors_short.weight", "rope_factors_short.weight"),
    ROPE_LONG_DIVISORS("rope_factors_long.weight", "rope_factors_long.weight"),
    /// The frequencies themselves, stored by old versions of transformers; always computed anew.
    ROPE_FREQUENCIES("blk.%d.attn_rot_embd.weight", "model.layers.%d.self_attn.rotary_emb.inv_freq"),

    // Of encoders.
    WORD_EMBEDDING("token_embd.weight", "embeddings.word_embeddings.weight"),
    POSITION_EMBEDDING("position_embd.weight", "embeddings.position_embeddings.weight"),
    TOKEN_TYPE_EMBEDDING("token_types.weight", "embeddings.token_type_embeddings.weight"),
    /// 0, 1, 2, …, stored by old versions of transformers.
    POSITION_IDS("embeddings.position_ids"),
    EMBEDDING_NORM("token_embd_norm.weight", "embeddings.LayerNorm.weight"),
    EMBEDDING_NORM_BIAS("token_embd_norm.bias", "embeddings.LayerNorm.bias"),
    ENCODER_QUERY("blk.%d.attn_q.weight", "encoder.layer.%d.attention.self.query.weight"),
    ENCODER_QUERY_BIAS("blk.%d.attn_q.bias", "encoder.layer.%d.attention.self.query.bias"),
    ENCODER_KEY("blk.%d.attn_k.weight", "encoder.layer.%d.attention.self.key.weight"),
    ENCODER_KEY_BIAS("blk.%d.attn_k.bias", "encoder.layer.%d.attention.self.key.bias"),
    ENCODER_VALUE("blk.%d.attn_v.weight", "encoder.layer.%d.attention.self.value.weight"),
    ENCODER_VALUE_BIAS("blk.%d.attn_v.bias", "encoder.layer.%d.attention.self.value.bias"),
    ENCODER_ATTENTION_OUTPUT("blk.%d.attn_output.weight", "encoder.layer.%d.attention.output.dense.weight"),
    ENCODER_ATTENTION_OUTPUT_BIAS("blk.%d.attn_output.bias", "encoder.layer.%d.attention.output.dense.bias"),
    ENCODER_ATTENTION_NORM("blk.%d.attn_output_norm.weight", "encoder.layer.%d.attention.output.LayerNorm.weight"),
    ENCODER_ATTENTION_NORM_BIAS("blk.%d.attn_output_norm.bias", "encoder.layer.%d.attention.output.LayerNorm.bias"),
    ENCODER_UP("blk.%d.ffn_up.weight", "encoder.layer.%d.intermediate.dense.weight"),
    ENCODER_UP_BIAS("blk.%d.ffn_up.bias", "encoder.layer.%d.intermediate.dense.bias"),
    ENCODER_DOWN("blk.%d.ffn_down.weight", "encoder.layer.%d.output.dense.weight"),
    ENCODER_DOWN_BIAS("blk.%d.ffn_down.bias", "encoder.layer.%d.output.dense.bias"),
    ENCODER_OUTPUT_NORM("blk.%d.layer_output_norm.weight", "encoder.layer.%d.output.LayerNorm.weight"),
    ENCODER_OUTPUT_NORM_BIAS("blk.%d.layer_output_norm.bias", "encoder.layer.%d.output.LayerNorm.bias"),
    /// Of the first token's last state, for a task of the training.
    POOLER("pooler.dense.weight"),
    POOLER_BIAS("pooler.dense.bias");

    private final String gguf;
    private final String huggingFace;

    TensorRole(String gguf, String huggingFace) {
        this.gguf = gguf;
        this.huggingFace = huggingFace;
    }

    /// What GGUF files leave out.
    TensorRole(String huggingFace) {
        this("", huggingFace);
    }

    /// Whether its rows are those of several matrices.
    boolean fused() {
        return this == QUERY_KEY_VALUE || this == GATE_UP;
    }

    /// Whether it says which experts compute, which is never quantized.
    boolean routes() {
        return this == ROUTER || this == MIXTRAL_ROUTER;
    }

    /// @param layer counts only where the name has one
    String name(Container container, int layer) {
        return name(container, layer, 0);
    }

    /// @param layer counts only where the name has one
    /// @param expert counts only where the name has one
    String name(Container container, int layer, int expert) {
        String name = switch (container) {
            case GGUF -> gguf;
            case SAFETENSORS -> huggingFace;
        };
        return name.replace("%d", Integer.toString(layer)).replace("%e", Integer.toString(expert));
    }
}
