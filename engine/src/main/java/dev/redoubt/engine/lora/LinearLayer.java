package dev.redoubt.engine.lora;

/// A product of the base that an adapter may add to.
///
/// @param name of the module, as transformers has it, such as `model.layers.0.self_attn.q_proj`
/// @param outputs rows of its weights
/// @param inputs columns of its weights
public record LinearLayer(String name, int outputs, int inputs) {
    /// Whether a word of PEFT means this layer: its whole name, or whole parts of it from the end.
    boolean isMeantBy(String word) {
        return name.equals(word) || name.endsWith("." + word);
    }

    /// The last part of the name, such as `q_proj`.
    String shortName() {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
