package dev.redoubt.engine.model;

import dev.redoubt.kernels.WeightFormat;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.TensorType;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Compares the tensors of an artifact with what its architecture declares, before any memory is taken for
/// them.
final class TensorCheck {
    private static final int PROBLEMS_NAMED_MAX = 5;

    private TensorCheck() {}

    /// What the declared tensors amount to.
    ///
    /// @param quantization the format that most weights of matrices have
    /// @param bytes as stored
    /// @param matrices that a quantization scheme stores in several tensors, by the name of the plain one
    record Totals(String quantization, long parameters, long bytes, Map<String, QuantizedMatrix> matrices) {}

    /// How tools name the parts of quantized matrices.
    private static final List<String> QUANTIZED_SUFFIXES =
            List.of(".qweight", ".qzeros", ".scales", ".g_idx", ".weight_packed", ".weight_scale");

    /// @throws ArtifactException if a tensor is missing, is not declared, or has another shape or a type that
    ///     no kernel multiplies
    ///
    /// @param quantization that the configuration declares
    static Totals check(VerifiedArtifact artifact, List<TensorSpec> specs, Optional<QuantizationConfig> quantization) {
        return check(artifact, "", specs, quantization);
    }

    /// As above, where all names in the file begin with `prefix`.
    static Totals check(
            VerifiedArtifact artifact,
            String prefix,
            List<TensorSpec> specs,
            Optional<QuantizationConfig> quantization) {
        Map<String, Tensor> tensors = artifact.tensors();
        if (quantization.isEmpty()) refuseUndeclared(tensors.keySet());
        Map<String, QuantizedMatrix> matrices = new HashMap<>();
        List<String> problems = new ArrayList<>();
        Set<String> declared = new HashSet<>();
        Map<TensorType, Long> weightsByType = new EnumMap<>(TensorType.class);
        long parameters = 0;
        long bytes = 0;
        for (TensorSpec spec : specs) {
            String name = prefix + spec.name(artifact.container());
            if (spec.use() == TensorSpec.Use.REQUIRED
                    && quantization.filter(each -> each.covers(spec, name)).isPresent()) {
                if (spec.role().fused()) {
                    problems.add("tensor '" + name + "' is several matrices in one, and quantized: supported are"
                            + " families whose matrices stand alone");
                    continue;
                }
                QuantizedScheme scheme = quantization.get().scheme();
                QuantizedMatrix.find(scheme, name, spec.shape(), tensors, declared, problems)
                        .ifPresent(matrix -> matrices.put(name, matrix));
                continue;
            }
            declared.add(name);
            Tensor tensor = tensors.get(name);
            if (tensor == null) {
                if (spec.use() == TensorSpec.Use.REQUIRED) problems.add("tensor '" + name + "' is missing");
                continue;
            }
            if (!tensor.shape().equals(spec.shape())) {
                problems.add("tensor '" + name + "' has shape " + tensor.shape() + ", the configuration asks for "
                        + spec.shape());
                continue;
            }
            if (spec.use() == TensorSpec.Use.IGNORED) continue;
            boolean vector = spec.shape().size() == 1;
            if (!supported(tensor.type(), vector)) {
                problems.add("tensor '" + name + "' has dtype " + tensor.type() + ", supported are "
                        + supportedTypes(vector));
                continue;
            }
            long elements = spec.shape().stream().reduce(1L, Math::multiplyExact);
            parameters += elements;
            bytes += tensor.data().byteSize();
            if (!vector) weightsByType.merge(tensor.type(), elements, Long::sum);
        }
        for (String name : tensors.keySet())
            if (!declared.contains(name))
                problems.add("unexpected extra tensor " + ConfigSource.quote(name)
                        + ", the architecture has none of that name");
        if (!problems.isEmpty()) throw refusal(quantization.isPresent() ? "V6.3" : "V4.3", problems);
        for (QuantizedMatrix matrix : matrices.values()) {
            matrix.scheme().checkValues(matrix);
            parameters += (long) matrix.rows() * matrix.columns();
            bytes += matrix.bytes();
        }
        if (quantization.isPresent())
            return new Totals(quantization.get().scheme().method().word(), parameters, bytes, matrices);
        TensorType most = weightsByType.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .map(Map.Entry::getKey)
                .orElseThrow();
        return new Totals(most.name(), parameters, bytes, matrices);
    }

    /// The kernels' format of a tensor that passed the check.
    static WeightFormat format(Tensor tensor) {
        return Objects.requireNonNull(FORMATS.get(tensor.type()));
    }

    private static final Map<TensorType, WeightFormat> FORMATS = new EnumMap<>(Map.ofEntries(
            Map.entry(TensorType.F32, WeightFormat.F32),
            Map.entry(TensorType.F16, WeightFormat.F16),
            Map.entry(TensorType.BF16, WeightFormat.BF16),
            Map.entry(TensorType.Q4_0, WeightFormat.Q4_0),
            Map.entry(TensorType.Q4_1, WeightFormat.Q4_1),
            Map.entry(TensorType.Q5_0, WeightFormat.Q5_0),
            Map.entry(TensorType.Q5_1, WeightFormat.Q5_1),
            Map.entry(TensorType.Q8_0, WeightFormat.Q8_0),
            Map.entry(TensorType.Q2_K, WeightFormat.Q2_K),
            Map.entry(TensorType.Q3_K, WeightFormat.Q3_K),
            Map.entry(TensorType.Q4_K, WeightFormat.Q4_K),
            Map.entry(TensorType.Q5_K, WeightFormat.Q5_K),
            Map.entry(TensorType.Q6_K, WeightFormat.Q6_K),
            Map.entry(TensorType.IQ4_NL, WeightFormat.IQ4_NL),
            Map.entry(TensorType.IQ4_XS, WeightFormat.IQ4_XS)));

    private static boolean supported(TensorType type, boolean vector) {
        WeightFormat format = FORMATS.get(type);
        return format != null && !(vector && format.quantized());
    }

    private static String supportedTypes(boolean vector) {
        return Arrays.stream(TensorType.values())
                .filter(type -> supported(type, vector))
                .map(TensorType::name)
                .collect(Collectors.joining(", "));
    }

    private static void refuseUndeclared(Set<String> names) {
        for (String name : names)
            for (String suffix : QUANTIZED_SUFFIXES)
                if (name.endsWith(suffix))
                    throw ConfigObject.undeclared("tensor " + ConfigSource.quote(name)
                            + " is part of a quantized matrix and no 'quantization_config' is in config.json:"
                            + " it must say how the weights are stored, nothing is guessed");
    }

    private static ArtifactException refusal(String rule, List<String> problems) {
        String named = String.join("; ", problems.subList(0, Math.min(problems.size(), PROBLEMS_NAMED_MAX)));
        int more = problems.size() - PROBLEMS_NAMED_MAX;
        return new ArtifactException(rule, more > 0 ? named + "; and " + more + " more" : named);
    }
}
