package dev.redoubt.engine.model;

import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.GgufWriter;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// A Hugging Face folder as what a GGUF file of it holds, for families whose files differ in names and in the order of
/// rows only.
public final class GgufExport {
    /* llama.cpp rotates neighbouring rows of a head in its family `llama`, Hugging Face the halves: rows of q and k change places. Keys are
     * those that llama.cpp's loader asks for (its src/llama-arch.cpp). */
    private static final Map<String, String> FAMILIES = Map.of(
            "LlamaForCausalLM", "llama",
            "MistralForCausalLM", "llama",
            "Qwen2ForCausalLM", "qwen2",
            "Qwen3ForCausalLM", "qwen3");
    private static final String INTERLEAVED = "llama";

    /// A tensor by the name that it gets.
    ///
    /// @param heads whose rows change places; 0: none do
    public record Item(String name, Tensor tensor, int heads) {
        /// Which row of the tensor is row `row` of the file.
        public long source(long row) {
            if (heads == 0) return row;
            long dimension = tensor.shape().getFirst() / heads;
            long inHead = row % dimension;
            return row - inHead + inHead % 2 * (dimension / 2) + inHead / 2;
        }
    }

    private final VerifiedArtifact folder;
    private final DecoderPlan plan;
    private final String family;

    private GgufExport(VerifiedArtifact folder, DecoderPlan plan, String family) {
        this.folder = folder;
        this.plan = plan;
        this.family = family;
    }

    /// @throws ArtifactException if the folder cannot be served, or GGUF says of its family what is not known here
    public static GgufExport of(VerifiedArtifact folder) {
        DecoderPlan plan = Models.plan(folder);
        String architecture = plan.config().architecture();
        String family = FAMILIES.get(architecture);
        if (family == null) throw cannot("architecture " + architecture + ", supported are " + FAMILIES.keySet());
        for (LayerPlan layer : plan.layers()) {
            if (layer.rule().window() < plan.config().contextTokensMax()) throw cannot("layers with a window");
            RopeScaling scaling = layer.rope().orElseThrow().scaling();
            if (!(scaling instanceof RopeScaling.None))
                throw cannot("rope scaling " + scaling.getClass().getSimpleName());
        }
        return new GgufExport(folder, plan, family);
    }

    private static ArtifactException cannot(String what) {
        return ConfigSource.refusal(
                what + ": write a GGUF file with llama.cpp's convert_hf_to_gguf.py first, then quantize that");
    }

    /// All but the vocabulary.
    public void metadata(GgufWriter to) {
        ModelConfig config = plan.config();
        to.text("general.architecture", family).text("general.type", "model").text("general.name", folder.name());
        number(to, ConfigKey.CONTEXT_TOKENS, config.contextTokensMax());
        number(to, ConfigKey.HIDDEN_SIZE, config.hiddenSize());
        number(to, ConfigKey.LAYERS, config.layers());
        number(to, ConfigKey.FEED_FORWARD_SIZE, config.feedForwardSize());
        number(to, ConfigKey.QUERY_HEADS, config.queryHeads());
        number(to, ConfigKey.KV_HEADS, config.kvHeads());
        number(to, ConfigKey.HEAD_DIMENSION, config.headDimension());
        number(to, ConfigKey.VOCABULARY_SIZE, config.vocabularySize());
        to.unsigned(family + ".attention.value_length", config.headDimension());
        to.unsigned(family + ".rope.dimension_count", config.headDimension());
        to.real(family + "." + ConfigKey.NORM_EPSILON.gguf, config.normEpsilon());
        double base = plan.layers().getFirst().rope().orElseThrow().base();
        to.real(family + "." + ConfigKey.ROPE_BASE.gguf, (float) base);
    }

    private void number(GgufWriter to, ConfigKey key, int value) {
        to.unsigned(family + "." + key.gguf, value);
    }

    /// Rows of the embedding.
    public int vocabularySize() {
        return plan.config().vocabularySize();
    }

    /// In the order in which a forward pass reads them.
    ///
    /// @throws ArtifactException if a matrix is quantized
    public List<Item> items() {
        List<Item> items = new ArrayList<>();
        for (TensorSpec spec : DecoderTensors.of(plan, Container.SAFETENSORS)) {
            Tensor tensor = folder.tensors().get(spec.name(Container.SAFETENSORS));
            if (tensor == null && spec.use() == TensorSpec.Use.REQUIRED)
                throw new ArtifactException(
                        "V6.1",
                        "matrix '" + spec.name(Container.SAFETENSORS)
                                + "' is quantized already: take the model that this one was made of");
            if (tensor != null && spec.use() != TensorSpec.Use.IGNORED)
                items.add(new Item(spec.name(Container.GGUF), tensor, heads(spec.role())));
        }
        return items;
    }

    private int heads(TensorRole role) {
        if (!family.equals(INTERLEAVED)) return 0;
        return switch (role) {
            case QUERY -> plan.config().queryHeads();
            case KEY -> plan.config().kvHeads();
            default -> 0;
        };
    }
}
