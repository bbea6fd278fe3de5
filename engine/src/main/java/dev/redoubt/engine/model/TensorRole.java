package dev.redoubt.engine.model;

import dev.redoubt.trust.VerifiedArtifact.Container;

/// What a tensor is for, with its name in each container; `%d` stands for the layer.
enum TensorRole {
    EMBEDDING("token_embd.weight", "model.embed_tokens.weight"),
    ATTENTION_NORM("blk.%d.attn_norm.weight", "model.layers.%d.input_layernorm.weight"),
    QUERY("blk.%d.attn_q.weight", "model.layers.%d.self_attn.q_proj.weight"),
    KEY("blk.%d.attn_k.weight", "model.layers.%d.self_attn.k_proj.weight"),
    VALUE("blk.%d.attn_v.weight", "model.layers.%d.self_attn.v_proj.weight"),
    ATTENTION_OUTPUT("blk.%d.attn_output.weight", "model.layers.%d.self_attn.o_proj.weight"),
    FEED_FORWARD_NORM("blk.%d.ffn_norm.weight", "model.layers.%d.post_attention_layernorm.weight"),
    GATE("blk.%d.ffn_gate.weight", "model.layers.%d.mlp.gate_proj.weight"),
    UP("blk.%d.ffn_up.weight", "model.layers.%d.mlp.up_proj.weight"),
    DOWN("blk.%d.ffn_down.weight", "model.layers.%d.mlp.down_proj.weight"),
    FINAL_NORM("output_norm.weight", "model.norm.weight"),
    HEAD("output.weight", "lm_head.weight"),
    /// What each rotary frequency is divided by: GGUF's form of llama3 scaling.
    ROPE_DIVISORS("rope_freqs.weight", "rope_freqs.weight"),
    /// The frequencies themselves, stored by old versions of transformers; always computed anew.
    ROPE_FREQUENCIES("blk.%d.attn_rot_embd.weight", "model.layers.%d.self_attn.rotary_emb.inv_freq");

    private final String gguf;
    private final String huggingFace;

    TensorRole(String gguf, String huggingFace) {
        this.gguf = gguf;
        this.huggingFace = huggingFace;
    }

    /// @param layer counts only where the name has one
    String name(Container container, int layer) {
        String name = switch (container) {
            case GGUF -> gguf;
            case SAFETENSORS -> huggingFace;
        };
        return name.replace("%d", Integer.toString(layer));
    }
}
