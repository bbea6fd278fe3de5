package dev.redoubt.engine.model;

import java.util.List;
import java.util.Map;
import java.util.Set;

/// The declaration of compressed-tensors: one group of settings for all linear layers but those that `ignore`
/// names.
final class CompressedTensorsConfig {
    private static final Set<String> FORMATS = Set.of("pack-quantized", "int-quantized", "float-quantized");

    private CompressedTensorsConfig() {}

    static QuantizationConfig read(ConfigObject object) {
        object.only(
                Set.of("quant_method", "config_groups", "format", "ignore", "quantization_status"),
                Map.of("kv_cache_scheme", "null", "sparsity_config", "null", "transform_config", "null"),
                Set.of("version", "global_compression_ratio"),
                "compressed-tensors");
        if (object.has("quantization_status")) object.oneOf("quantization_status", Set.of("compressed"));
        String format = object.oneOf("format", FORMATS);
        ConfigObject groups = object.object("config_groups")
                .filter(each -> each.node().size() == 1)
                .orElseThrow(() -> object.refusal("config_groups", "one group"));
        ConfigObject group = groups.object(
                        groups.node().propertyNames().iterator().next())
                .orElseThrow(() -> object.refusal("config_groups", "one group"));
        group.only(
                Set.of("format", "targets", "weights", "input_activations"),
                Map.of("output_activations", "null"),
                Set.of(),
                "compressed-tensors");
        if (group.has("format") && !group.oneOf("format", FORMATS).equals(format))
            throw group.refusal("format", "what 'format' beside it says, which is '" + format + "'");
        if (!QuantizationConfig.strings(group, "targets").equals(List.of("Linear")))
            throw group.refusal("targets", "[\"Linear\"]");
        List<String> ignored = QuantizationConfig.strings(object, "ignore");
        for (String name : ignored)
            if (name.startsWith("re:")) throw object.refusal("ignore", "a list of names of modules, without patterns");
        return new QuantizationConfig(scheme(format, group), Set.copyOf(ignored)::contains);
    }

    private static QuantizedScheme scheme(String format, ConfigObject group) {
        ConfigObject weights = group.object("weights")
                .orElseThrow(() -> group.refusal("weights", "an object that says how weights are quantized"));
        only(weights);
        boolean floats = format.equals("float-quantized");
        weights.oneOf("type", Set.of(floats ? "float" : "int"));
        if (!weights.bool("symmetric")) throw weights.refusal("symmetric", "true");
        if (weights.bool("dynamic", false)) throw weights.refusal("dynamic", "false");
        if (weights.has("actorder")) weights.oneOf("actorder", Set.of("static", "weight"));
        boolean packed = format.equals("pack-quantized");
        bits(weights, packed ? 4 : 8);
        activations(format, group);
        if (!packed) {
            weights.oneOf("strategy", Set.of("channel"));
            return new ChannelScheme(floats);
        }
        boolean channel = weights.oneOf("strategy", Set.of("channel", "group")).equals("channel");
        return new PackedScheme(channel ? 0 : QuantizationConfig.groupSize(weights));
    }

    /// What the activations were quantized to when the model was judged; ours are 8 bits in blocks of 32
    /// whatever it says.
    private static void activations(String format, ConfigObject group) {
        if (format.equals("pack-quantized")) {
            if (group.has("input_activations")) throw group.refusal("input_activations", "null");
            return;
        }
        if (!group.has("input_activations")) return;
        ConfigObject activations = group.object("input_activations").orElseThrow();
        only(activations);
        activations.oneOf("type", Set.of(format.equals("int-quantized") ? "int" : "float"));
        bits(activations, 8);
        if (!activations.bool("dynamic")) throw activations.refusal("dynamic", "true");
        activations.oneOf("strategy", Set.of("token"));
    }

    private static void only(ConfigObject quantity) {
        quantity.only(
                Set.of("num_bits", "type", "symmetric", "strategy", "group_size", "dynamic", "actorder"),
                Map.of("block_structure", "null", "zp_dtype", "null"),
                Set.of("observer", "observer_kwargs", "scale_dtype"),
                "compressed-tensors");
    }

    private static void bits(ConfigObject quantity, int expected) {
        if (quantity.integer("num_bits", Integer.toString(expected)) != expected)
            throw quantity.refusal("num_bits", Integer.toString(expected));
    }
}
