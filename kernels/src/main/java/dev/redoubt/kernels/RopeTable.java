package dev.redoubt.kernels;

/// Cosines and sines of the rotary embedding, (positions, headDimension / 2) each, f32, computed once at load.
///
/// @param interleaved true: pairs are (2j, 2j+1) (GGUF llama, llama2.c); false: (j, j + headDimension/2)
///     (Hugging Face)
public record RopeTable(FloatMatrix cos, FloatMatrix sin, boolean interleaved) {}
