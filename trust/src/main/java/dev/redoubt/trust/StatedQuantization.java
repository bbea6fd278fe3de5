package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.Collection;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/// What a model's own signed or pinned files say of its quantization: the declaration in `config.json` of a
/// folder, else the type that most weights have.
final class StatedQuantization {
    private StatedQuantization() {}

    /// @param config `config.json` of a folder
    /// @throws ArtifactException V6.1, if a method is declared that is not known, or most weights have a type
    ///     that no method stores
    static Quantization of(Container container, Collection<Tensor> tensors, Optional<byte[]> config) {
        return config.flatMap(StatedQuantization::declared).orElseGet(() -> ofTypes(container, tensors));
    }

    private static Optional<Quantization> declared(byte[] config) {
        JsonNode declaration = JsonText.object(config, JsonLimits.MODEL_FILE, Refusals.METHOD, "file 'config.json'")
                .path("quantization_config");
        if (declaration.isMissingNode() || declaration.isNull()) return Optional.empty();
        String method = declaration.path("quant_method").asString("");
        int bits = declaration.path("bits").isInt() ? declaration.path("bits").intValue() : 0;
        String format = declaration.path("format").asString("");
        return Optional.of(
                switch (method) {
                    case "awq" -> bits == 4 ? Quantization.AWQ_4 : unknown(method, "bits", bits);
                    case "gptq" ->
                        switch (bits) {
                            case 4 -> Quantization.GPTQ_4;
                            case 8 -> Quantization.GPTQ_8;
                            default -> unknown(method, "bits", bits);
                        };
                    case "compressed-tensors" ->
                        switch (format) {
                            case "pack-quantized" -> Quantization.W4A16;
                            case "int-quantized" -> Quantization.W8A8;
                            case "float-quantized" -> Quantization.FP8;
                            default -> unknown(method, "format", StrangerText.shown(format));
                        };
                    default ->
                        throw Refusals.method(
                                "'quant_method' in 'quantization_config' of config.json is '%s', known are awq, compressed-tensors, gptq: this model cannot be loaded",
                                StrangerText.shown(method));
                });
    }

    private static Quantization unknown(String method, String field, Object value) {
        throw Refusals.method(
                "'%s' in 'quantization_config' of config.json is '%s', which is no setting of '%s' that is known: this model cannot be loaded",
                field, value, method);
    }

    private static Quantization ofTypes(Container container, Collection<Tensor> tensors) {
        Map<TensorType, Long> weights = new EnumMap<>(TensorType.class);
        boolean matrices = tensors.stream().anyMatch(tensor -> tensor.shape().size() > 1);
        for (Tensor tensor : tensors)
            if (!matrices || tensor.shape().size() > 1)
                weights.merge(
                        tensor.type(),
                        tensor.data().byteSize()
                                / tensor.type().blockBytes()
                                * tensor.type().blockElements(),
                        Long::sum);
        TensorType most = weights.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElseThrow(() -> Refusals.method("the model has no tensors: nothing says how weights are stored"));
        String word = switch (most) {
            case F32, F16, BF16 -> most.name();
            default -> container == Container.GGUF ? "GGUF_" + most.name() : "";
        };
        for (Quantization each : Quantization.values()) if (each.name().equals(word)) return each;
        throw Refusals.method(
                "most weights have the type %s, which is none that a model may have: this model cannot be loaded",
                most);
    }
}
