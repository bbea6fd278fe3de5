package dev.redoubt.trust;

import java.util.Arrays;
import java.util.Optional;

/// How most weights of a model are stored: what an entry of the allow-list states (RULES V6.1). A closed list;
/// what is not on it is not loaded.
public enum Quantization {
    F32("f32"),
    F16("f16"),
    BF16("bf16"),
    GGUF_Q4_0("gguf-q4_0"),
    GGUF_Q4_1("gguf-q4_1"),
    GGUF_Q5_0("gguf-q5_0"),
    GGUF_Q5_1("gguf-q5_1"),
    GGUF_Q8_0("gguf-q8_0"),
    GGUF_Q2_K("gguf-q2_k"),
    GGUF_Q3_K("gguf-q3_k"),
    GGUF_Q4_K("gguf-q4_k"),
    GGUF_Q5_K("gguf-q5_k"),
    GGUF_Q6_K("gguf-q6_k"),
    GGUF_IQ4_NL("gguf-iq4_nl"),
    GGUF_IQ4_XS("gguf-iq4_xs"),
    AWQ_4("awq-4bit"),
    GPTQ_4("gptq-4bit"),
    GPTQ_8("gptq-8bit"),
    W4A16("compressed-tensors-w4a16"),
    W8A8("compressed-tensors-w8a8-int8"),
    FP8("compressed-tensors-fp8");

    private final String word;

    Quantization(String word) {
        this.word = word;
    }

    /// As it is written.
    public String word() {
        return word;
    }

    /// Empty if it is none of the list.
    public static Optional<Quantization> of(String word) {
        return Arrays.stream(values()).filter(each -> each.word.equals(word)).findFirst();
    }
}
