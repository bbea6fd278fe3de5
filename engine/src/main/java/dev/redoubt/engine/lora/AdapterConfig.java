package dev.redoubt.engine.lora;

import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.trust.ArtifactException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;

/// What `adapter_config.json` says, as far as it is computed. A field that changes the computation and is not
/// computed here is refused by name (RULES V4.3), and so is one that nobody knows; where the base is said to be
/// found is not read.
///
/// @param targets words that mean layers, or `all-linear`
/// @param ranks by words that mean layers, the first that fits counts
/// @param alphas the same
record AdapterConfig(
        int rank,
        double alpha,
        boolean rankStabilized,
        List<String> targets,
        Map<String, Integer> ranks,
        Map<String, Double> alphas) {
    static final String FILE = "adapter_config.json";
    static final int RANK_MAX = 64;
    static final String ALL_LINEAR = "all-linear";
    private static final double ALPHA_MAX = 65_536;
    private static final int WORDS_MAX = 1_024;
    private static final Pattern WORD = Pattern.compile("[A-Za-z0-9_]+(\\.[A-Za-z0-9_]+)*");
    /// Fields that are read here.
    private static final Set<String> READ = Set.of(
            "peft_type",
            "task_type",
            "r",
            "lora_alpha",
            "use_rslora",
            "target_modules",
            "rank_pattern",
            "alpha_pattern",
            "init_lora_weights");
    /// Fields that say how the weights were found, or where, not what they are.
    private static final Set<String> IGNORED = Set.of(
            "base_model_name_or_path",
            "revision",
            "peft_version",
            "inference_mode",
            "lora_dropout",
            "megatron_core",
            "qalora_group_size",
            "runtime_config");
    /// Fields that change the computation unless they are absent, null, empty or this.
    private static final Map<String, String> NEUTRAL = Map.ofEntries(
            Map.entry("bias", "\"none\""),
            Map.entry("ensure_weight_tying", "false"),
            Map.entry("fan_in_fan_out", "false"),
            Map.entry("lora_bias", "false"),
            Map.entry("use_bdlora", "false"),
            Map.entry("use_dora", "false"),
            Map.entry("use_qalora", "false"),
            Map.entry("alora_invocation_tokens", "null"),
            Map.entry("arrow_config", "null"),
            Map.entry("auto_mapping", "null"),
            Map.entry("corda_config", "null"),
            Map.entry("eva_config", "null"),
            Map.entry("exclude_modules", "null"),
            Map.entry("kasa_config", "null"),
            Map.entry("layer_replication", "null"),
            Map.entry("layers_pattern", "null"),
            Map.entry("layers_to_transform", "null"),
            Map.entry("loftq_config", "null"),
            Map.entry("lora_ga_config", "null"),
            Map.entry("megatron_config", "null"),
            Map.entry("modules_to_save", "null"),
            Map.entry("monteclora_config", "null"),
            Map.entry("target_parameters", "null"),
            Map.entry("trainable_token_indices", "null"),
            Map.entry("velora_config", "null"));
    /// Beginnings that leave the base as it is; others (PiSSA, OLoRA, CorDA …) have taken something out of it.
    private static final Set<String> BEGINNINGS = Set.of("true", "false", "\"gaussian\"", "\"orthogonal\"");

    AdapterConfig {
        targets = List.copyOf(targets);
    }

    /// @throws ArtifactException V4.3, naming field, value and what is allowed
    static AdapterConfig read(byte[] text) {
        JsonNode root;
        try {
            root = new StrictJson(JsonLimits.MODEL_FILE).parse(text);
        } catch (JsonRefusal e) {
            throw refusal(FILE + " is not valid JSON: " + e.getMessage());
        }
        if (!root.isObject()) throw refusal(FILE + " must be an object");
        if (!root.path("peft_type").asString("").equals("LORA")) throw refused(root, "peft_type", "LORA");
        refuseOtherComputations(root);
        if (root.hasNonNull("task_type") && !root.path("task_type").asString("").equals("CAUSAL_LM"))
            throw refused(root, "task_type", "CAUSAL_LM");
        if (root.hasNonNull("use_rslora") && !root.path("use_rslora").isBoolean())
            throw refused(root, "use_rslora", "true or false");
        return new AdapterConfig(
                rank(root, "r", root.path("r")),
                alpha("lora_alpha", root.path("lora_alpha")),
                root.path("use_rslora").asBoolean(false),
                targets(root),
                ranks(root),
                alphas(root));
    }

    private static void refuseOtherComputations(JsonNode root) {
        for (Map.Entry<String, JsonNode> field : root.properties()) {
            String name = field.getKey();
            JsonNode value = field.getValue();
            if (READ.contains(name) || IGNORED.contains(name)) continue;
            String neutral = NEUTRAL.get(name);
            if (neutral == null)
                throw refusal(StrangerText.quoted(name) + " in " + FILE
                        + " is no field that is known: this adapter cannot be served");
            boolean empty = value.isNull() || (value.isContainer() && value.isEmpty());
            if (!empty && !value.toString().equals(neutral)) throw refused(root, name, neutral);
        }
        JsonNode begun = root.path("init_lora_weights");
        if (root.hasNonNull("init_lora_weights") && !BEGINNINGS.contains(begun.toString()))
            throw refused(
                    root, "init_lora_weights", "true, false, gaussian or orthogonal, which leave the base as it is");
    }

    private static List<String> targets(JsonNode root) {
        JsonNode value = root.path("target_modules");
        String allowed = "a list of 1 to " + WORDS_MAX + " names of modules such as q_proj, or " + ALL_LINEAR
                + ", and no regular expression";
        if (value.isString() && value.stringValue().equals(ALL_LINEAR)) return List.of(ALL_LINEAR);
        if (!value.isArray() || value.isEmpty() || value.size() > WORDS_MAX)
            throw refused(root, "target_modules", allowed);
        List<String> words = new ArrayList<>();
        for (JsonNode word : value) {
            if (!word.isString() || !WORD.matcher(word.stringValue()).matches())
                throw refusal("target_modules in " + FILE + " has "
                        + StrangerText.quoted(word.asString(word.toString())) + ", allowed is " + allowed);
            words.add(word.stringValue());
        }
        return words;
    }

    private static Map<String, Integer> ranks(JsonNode root) {
        Map<String, Integer> ranks = new LinkedHashMap<>();
        pattern(root, "rank_pattern").forEach((word, value) -> ranks.put(word, rank(root, "rank_pattern", value)));
        return ranks;
    }

    private static Map<String, Double> alphas(JsonNode root) {
        Map<String, Double> alphas = new LinkedHashMap<>();
        pattern(root, "alpha_pattern").forEach((word, value) -> alphas.put(word, alpha("alpha_pattern", value)));
        return alphas;
    }

    private static Map<String, JsonNode> pattern(JsonNode root, String field) {
        Map<String, JsonNode> pattern = new LinkedHashMap<>(); // in the order of the file: the first that fits counts
        JsonNode value = root.path(field);
        if (!root.hasNonNull(field)) return pattern;
        if (!value.isObject() || value.size() > WORDS_MAX)
            throw refused(root, field, "an object of at most " + WORDS_MAX + " names of modules");
        for (Map.Entry<String, JsonNode> entry : value.properties()) {
            if (!WORD.matcher(entry.getKey()).matches())
                throw refusal(field + " in " + FILE + " has " + StrangerText.quoted(entry.getKey())
                        + ", allowed are names of modules and no regular expression");
            pattern.put(entry.getKey(), entry.getValue());
        }
        return pattern;
    }

    private static int rank(JsonNode root, String field, JsonNode value) {
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < 1
                || value.intValue() > RANK_MAX) throw refused(root, field, "a rank of 1 to " + RANK_MAX);
        return value.intValue();
    }

    private static double alpha(String field, JsonNode value) {
        double alpha = value.isNumber() ? value.doubleValue() : Double.NaN;
        if (!(alpha > 0 && alpha <= ALPHA_MAX))
            throw refusal("'" + field + "' in " + FILE + " is " + StrangerText.quoted(value.toString())
                    + ", allowed is a number above 0, at most " + ALPHA_MAX);
        return alpha;
    }

    /// Whether the adapter changes this layer.
    boolean changes(LinearLayer layer) {
        return targets.contains(ALL_LINEAR) || targets.stream().anyMatch(layer::isMeantBy);
    }

    int rank(LinearLayer layer) {
        return first(ranks, layer, rank);
    }

    /// What the product of its two matrices is multiplied by: alpha / r, or alpha / sqrt(r).
    float scale(LinearLayer layer) {
        double r = rank(layer);
        return (float) (first(alphas, layer, alpha) / (rankStabilized ? Math.sqrt(r) : r));
    }

    private static <T> T first(Map<String, T> pattern, LinearLayer layer, T otherwise) {
        for (Map.Entry<String, T> entry : pattern.entrySet())
            if (layer.isMeantBy(entry.getKey())) return entry.getValue();
        return otherwise;
    }

    private static ArtifactException refused(JsonNode root, String field, String allowed) {
        JsonNode value = root.path(field);
        return refusal("'" + field + "' in " + FILE + " is "
                + (value.isMissingNode() ? "missing" : StrangerText.quoted(value.toString())) + ", allowed is "
                + allowed + ": this adapter cannot be served");
    }

    static ArtifactException refusal(String message) {
        return new ArtifactException("V4.3", message);
    }
}
