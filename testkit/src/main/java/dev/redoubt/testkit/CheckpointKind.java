package dev.redoubt.testkit;

/// How a tiny checkpoint stores its linear layers: every method that is loaded, with groups of 32 where it has
/// groups.
public enum CheckpointKind {
    AWQ(
            "awq",
            4,
            false,
            "\"quant_method\":\"awq\",\"bits\":4,\"group_size\":32,\"zero_point\":true,\"version\":\"gemm\""),
    GPTQ("gptq", 4, true, gptq(4, true, false, "gptq")),
    GPTQ_V2("gptq", 4, true, gptq(4, true, false, "gptq_v2")),
    GPTQ_ZEROS("gptq", 4, false, gptq(4, false, false, "gptq")),
    GPTQ_ZEROS_V2("gptq", 4, false, gptq(4, false, false, "gptq_v2")),
    GPTQ_ORDERED("gptq", 4, true, gptq(4, true, true, "gptq")),
    GPTQ_ORDERED_ZEROS("gptq", 4, false, gptq(4, false, true, "gptq")),
    GPTQ_8("gptq", 8, true, gptq(8, true, false, "gptq")),
    GPTQ_8_ZEROS("gptq", 8, false, gptq(8, false, false, "gptq")),
    GPTQ_8_ORDERED_ZEROS("gptq", 8, false, gptq(8, false, true, "gptq")),
    W4A16("compressed-tensors", 4, true, compressed("pack-quantized", 4, "int", "group", "32", "null")),
    W8A8("compressed-tensors", 8, true, compressed("int-quantized", 8, "int", "channel", "null", activations("int"))),
    FP8(
            "compressed-tensors",
            8,
            true,
            compressed("float-quantized", 8, "float", "channel", "null", activations("float")));

    final String method;
    final int bits;
    final boolean symmetric;
    private final String settings;

    CheckpointKind(String method, int bits, boolean symmetric, String settings) {
        this.method = method;
        this.bits = bits;
        this.symmetric = symmetric;
        this.settings = settings;
    }

    /// The value of `quantization_config`.
    public String settings() {
        return "{" + settings + "}";
    }

    boolean ordered() {
        return settings.contains("\"desc_act\":true");
    }

    /// What is taken from a zero before GPTQ stores it.
    int zeroOffset() {
        return settings.contains("gptq_v2") ? 0 : 1;
    }

    private static String gptq(int bits, boolean symmetric, boolean ordered, String format) {
        return "\"quant_method\":\"gptq\",\"bits\":%d,\"group_size\":32,\"desc_act\":%s,\"sym\":%s,\"lm_head\":false,\"checkpoint_format\":\"%s\""
                .formatted(bits, ordered, symmetric, format);
    }

    private static String activations(String type) {
        return "{\"num_bits\":8,\"type\":\"%s\",\"dynamic\":true,\"strategy\":\"token\",\"symmetric\":true}"
                .formatted(type);
    }

    private static String compressed(
            String format, int bits, String type, String strategy, String group, String activations) {
        return """
                "quant_method":"compressed-tensors","format":"%s","quantization_status":"compressed","ignore":["lm_head"],
                "config_groups":{"group_0":{"format":"%s","targets":["Linear"],"output_activations":null,"input_activations":%s,
                "weights":{"num_bits":%d,"type":"%s","symmetric":true,"strategy":"%s","group_size":%s,"dynamic":false}}}""".formatted(format, format, activations, bits, type, strategy, group);
    }
}
