package dev.redoubt.engine.model;

import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.trust.ArtifactException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import tools.jackson.databind.JsonNode;

/// What `quantization_config` of a `config.json` declares: how matrices are stored, and which of them are not.
///
/// @param leftOut whether the module of this name has plain weights
record QuantizationConfig(QuantizedScheme scheme, Predicate<String> leftOut) {
    /* The declaration decides which tensors are expected; the tensors never decide what the declaration means (RULES V6.1). A field is
     * read, or must be what changes nothing, or says how the weights were found; any other name refuses, since it may say that they are
     * something else. */
    private static final String FIELD = "quantization_config";
    private static final Set<String> METHODS = Set.of("awq", "compressed-tensors", "gptq");
    private static final String HEAD = "lm_head";

    /// @param config `config.json`, which is valid JSON
    /// @param second `quantize_config.json`, in which tools for GPTQ and AWQ repeat themselves
    /// @throws ArtifactException for a method, version or number that is not known, and where the two files differ
    static Optional<QuantizationConfig> read(byte[] config, Optional<byte[]> second) {
        Optional<ConfigObject> declared = ConfigObject.of(parse(config, "config.json"), FIELD, "config.json");
        if (declared.isEmpty()) {
            if (second.isPresent())
                throw ConfigObject.undeclared("quantize_config.json is there and config.json has no '" + FIELD
                        + "': config.json must say how the weights are stored");
            return Optional.empty();
        }
        ConfigObject object = declared.get();
        String method = object.oneOf("quant_method", METHODS);
        second.ifPresent(bytes -> refuseDifferences(object, parse(bytes, "quantize_config.json")));
        return Optional.of(
                switch (method) {
                    case "awq" -> awq(object);
                    case "gptq" -> gptq(object);
                    default -> CompressedTensorsConfig.read(object);
                });
    }

    /// Whether the matrix of this name is stored by the scheme; embeddings, routers and vectors never are.
    boolean covers(TensorSpec spec, String name) {
        return spec.shape().size() == 2
                && spec.role() != TensorRole.EMBEDDING
                && !spec.role().routes()
                && !leftOut.test(QuantizedMatrix.module(name));
    }

    private static JsonNode parse(byte[] text, String file) {
        try {
            return new StrictJson(JsonLimits.MODEL_FILE).parse(text);
        } catch (JsonRefusal e) {
            throw ConfigObject.undeclared(file + " is not valid JSON: " + e.getMessage());
        }
    }

    private static void refuseDifferences(ConfigObject first, JsonNode second) {
        for (Map.Entry<String, JsonNode> field : first.node().properties()) {
            JsonNode other = second.path(field.getKey());
            boolean scalar = field.getValue().isValueNode() && other.isValueNode();
            if (scalar && !other.isNull() && !other.equals(field.getValue()))
                throw ConfigObject.undeclared(ConfigSource.quote(field.getKey()) + " is "
                        + ConfigSource.quote(field.getValue().toString()) + " in " + first.where() + " and "
                        + ConfigSource.quote(other.toString())
                        + " in quantize_config.json: they must be equal, nothing is guessed");
        }
    }

    private static QuantizationConfig awq(ConfigObject object) {
        object.only(
                Set.of("quant_method", "bits", "group_size", "zero_point", "version", "modules_to_not_convert"),
                Map.of("do_fuse", "false", "lm_head", "false", "desc_act", "false"),
                Set.of("backend", "fuse_max_seq_len", "modules_to_fuse", "exllama_config"),
                "awq");
        if (object.integer("bits", "4") != 4) throw object.refusal("bits", "4");
        if (!object.bool("zero_point")) throw object.refusal("zero_point", "true");
        object.oneOf("version", Set.of("gemm"));
        List<String> fragments = strings(object, "modules_to_not_convert");
        return new QuantizationConfig(
                new AwqScheme(groupSize(object)),
                module -> module.equals(HEAD) || fragments.stream().anyMatch(module::contains));
    }

    private static QuantizationConfig gptq(ConfigObject object) {
        object.only(
                Set.of(
                        "quant_method",
                        "bits",
                        "group_size",
                        "desc_act",
                        "sym",
                        "lm_head",
                        "checkpoint_format",
                        "format",
                        "method",
                        "pack_dtype"),
                Map.of("dynamic", "null", "modules_in_block_to_quantize", "null", "is_marlin_format", "false"),
                Set.of(
                        "meta",
                        "damp_percent",
                        "static_groups",
                        "true_sequential",
                        "model_name_or_path",
                        "model_file_base_name",
                        "tokenizer",
                        "dataset",
                        "backend",
                        "use_exllama",
                        "disable_exllama",
                        "exllama_config",
                        "use_cuda_fp16",
                        "model_seqlen",
                        "block_name_to_quantize",
                        "module_name_preceding_first_block",
                        "batch_size",
                        "pad_token_id",
                        "max_input_length",
                        "cache_block_outputs",
                        "act_group_aware"),
                "gptq");
        long bits = object.integer("bits", "4 or 8");
        if (bits != 4 && bits != 8) throw object.refusal("bits", "4 or 8");
        boolean symmetric = object.bool("sym");
        if (object.has("method")) object.oneOf("method", Set.of("gptq"));
        if (object.has("pack_dtype")) object.oneOf("pack_dtype", Set.of("int32"));
        boolean head = object.bool("lm_head", false);
        var scheme = new GptqScheme(
                (int) bits, groupSize(object), object.bool("desc_act"), symmetric, zeroOffset(object, symmetric));
        return new QuantizationConfig(scheme, module -> module.equals(HEAD) && !head);
    }

    /// What is added to stored zeros: one, but in version 2. Old tools did not say which; where all zeros are
    /// known to be the middle, a wrong guess cannot pass the check of values.
    private static int zeroOffset(ConfigObject object, boolean symmetric) {
        Set<String> formats = Set.of("gptq", "gptq_v2");
        if (object.has("format") && object.has("checkpoint_format")) {
            String format = object.oneOf("format", formats);
            if (!format.equals(object.oneOf("checkpoint_format", formats)))
                throw object.refusal("checkpoint_format", "what 'format' says, which is '" + format + "'");
        }
        String field = object.has("format") ? "format" : "checkpoint_format";
        if (!object.has(field) && symmetric) return 1;
        return object.oneOf(field, formats).equals("gptq") ? 1 : 0;
    }

    /// Input features that share a scale; 0: all of a matrix.
    static int groupSize(ConfigObject object) {
        String allowed = "-1, or a multiple of 32 up to 65536";
        long size = object.integer("group_size", allowed);
        if (size != -1 && (size < 32 || size > 1 << 16 || size % 32 != 0)) throw object.refusal("group_size", allowed);
        return size == -1 ? 0 : (int) size;
    }

    static List<String> strings(ConfigObject object, String field) {
        if (!object.has(field)) return List.of();
        JsonNode list = object.node().path(field);
        if (!list.isArray() || list.size() > 4096 || list.valueStream().anyMatch(each -> !each.isString()))
            throw object.refusal(field, "a list of up to 4096 names");
        return list.valueStream().map(JsonNode::stringValue).toList();
    }
}
