package dev.redoubt.engine.model;

import dev.redoubt.engine.lora.AdapterPlan;
import dev.redoubt.engine.lora.LinearLayer;
import dev.redoubt.kernels.Compute;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.Quantization;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/// From a verified artifact to a model: finds the architecture, checks that the tensors are the expected ones,
/// then loads.
public final class Models {
    /// Every architecture there is.
    private static final List<Architecture> ARCHITECTURES = List.of(
            new Llama(),
            new Mistral(),
            new Mixtral(),
            new Qwen2(),
            new Qwen3(),
            new Qwen3Moe(),
            new Gemma2(),
            new Gemma3(),
            new Phi3(),
            new Olmo2(),
            new SmolLm3());

    private Models() {}

    /// What the artifact says it is, without taking memory for weights.
    ///
    /// @throws ArtifactException if the configuration or the tensors are not what the architecture expects
    public static ModelSpec describe(VerifiedArtifact artifact) {
        return examine(artifact).spec;
    }

    /// Loads the weights. The model owns the artifact from then on: it is closed at once if no weight is read
    /// from its files any more, else with the model. When this throws, the artifact is still the caller's.
    ///
    /// @param compute the kernels it will run on, with room for `rowsMax` rows of
    ///     [ModelSpec#widestInput]; outlives the model
    /// @param rowsMax tokens of the largest step
    /// @param contextTokensMax positions to prepare for; beyond [ModelSpec#contextTokensMax] a model
    ///     computes what it was not trained for
    /// @throws ArtifactException as [#describe], if the positional encoding does not reach that far, or
    ///     if a file was written while it was loaded
    public static Model load(VerifiedArtifact artifact, Compute compute, int rowsMax, int contextTokensMax) {
        return load(artifact, List.of(), compute, rowsMax, contextTokensMax);
    }

    /// As [#load], with adapters, whose places in the list are their indices in a [StepBatch]. They stay the
    /// caller's; the model reads nothing of them any more.
    ///
    /// @throws ArtifactException if one of them does not fit the model
    public static Model load(
            VerifiedArtifact artifact,
            List<VerifiedArtifact> adapters,
            Compute compute,
            int rowsMax,
            int contextTokensMax) {
        Examined examined = examine(artifact);
        List<AdapterPlan> plans = adapters(artifact, examined.plan, adapters);
        examined.plan.checkContext(contextTokensMax);
        Weights weights = new Weights(artifact, examined.matrices, compute);
        try {
            Model model = new Decoder(examined.plan, examined.spec, weights, plans, compute, rowsMax, contextTokensMax);
            artifact.confirm();
            for (VerifiedArtifact adapter : adapters) adapter.confirm();
            weights.loaded();
            return model;
        } catch (RuntimeException | Error e) {
            weights.abandon();
            throw e;
        }
    }

    /// Whether adapters fit a model, without taking memory for either.
    ///
    /// @throws ArtifactException if one does not, naming field or tensor, value and what is allowed
    public static List<AdapterPlan> describe(VerifiedArtifact artifact, List<VerifiedArtifact> adapters) {
        return adapters(artifact, examine(artifact).plan, adapters);
    }

    private static List<AdapterPlan> adapters(
            VerifiedArtifact base, DecoderPlan plan, List<VerifiedArtifact> adapters) {
        if (adapters.isEmpty()) return List.of();
        for (VerifiedArtifact adapter : adapters) adapter.requireBase(base);
        List<LinearLayer> layers = DecoderAdapters.layers(plan);
        return adapters.stream().map(adapter -> AdapterPlan.of(adapter, layers)).toList();
    }

    /// What the artifact computes, its tensors checked.
    static DecoderPlan plan(VerifiedArtifact artifact) {
        return examine(artifact).plan;
    }

    private record Examined(DecoderPlan plan, ModelSpec spec, Map<String, QuantizedMatrix> matrices) {}

    private static Examined examine(VerifiedArtifact artifact) {
        if (artifact.adapter())
            throw ConfigSource.refusal("'" + artifact.name() + "' is an adapter, which is no model by itself: serve its"
                    + " base, and name it among the adapters");
        ConfigSource source = switch (artifact.container()) {
            case GGUF -> new GgufConfig(artifact.gguf());
            case SAFETENSORS ->
                new HuggingFaceConfig(artifact.file("config.json")
                        .orElseThrow(() -> ConfigSource.refusal("config.json is missing: the folder must have one")));
        };
        if (Bert.NAMES.contains(source.architecture()) || source.architecture().equals(Bert.GGUF_NAME))
            throw ConfigSource.refusal("architecture " + ConfigSource.quote(source.architecture())
                    + " embeds texts and generates none: serve it as the server's model and ask /v1/embeddings");
        Architecture architecture = find(source.architecture(), artifact.container());
        Tensor embedding = artifact.tensors().get(TensorRole.EMBEDDING.name(artifact.container(), 0));
        long embeddingRows = embedding != null
                        && artifact.container() == Container.GGUF
                        && embedding.shape().size() == 2
                ? embedding.shape().get(0)
                : 0;
        DecoderPlan plan = architecture.plan(source, embeddingRows);
        ModelConfig config = plan.config();
        Optional<QuantizationConfig> quantization = artifact.file("config.json")
                .flatMap(text -> QuantizationConfig.read(text, artifact.file("quantize_config.json")));
        TensorCheck.Totals totals =
                TensorCheck.check(artifact, DecoderTensors.of(plan, artifact.container()), quantization);
        refuseOtherMethod(
                artifact, quantization.map(each -> each.scheme().method()).orElseGet(artifact::quantization));
        return new Examined(
                plan,
                new ModelSpec(
                        config.architecture(),
                        totals.quantization(),
                        config.layers(),
                        config.hiddenSize(),
                        config.queryHeads(),
                        config.kvHeads(),
                        config.headDimension(),
                        config.vocabularySize(),
                        config.contextTokensMax(),
                        totals.parameters(),
                        totals.bytes(),
                        Math.max(widestInput(plan), widest(totals.matrices().values()))),
                totals.matrices());
    }

    private static int widestInput(DecoderPlan plan) {
        ModelConfig config = plan.config();
        int widest = Math.max(Math.max(config.hiddenSize(), config.feedForwardSize()), config.queryWidth());
        for (LayerPlan layer : plan.layers())
            widest = Math.max(widest, layer.experts().map(ExpertPlan::size).orElse(0));
        return widest;
    }

    /// What the tensors were found to be must be what the entry of the allow-list states (RULES V6.1).
    static void refuseOtherMethod(VerifiedArtifact artifact, Quantization found) {
        artifact.trust().ifPresent(entry -> {
            if (!entry.quantization().equals(Optional.of(found)))
                throw ConfigObject.undeclared("model '" + artifact.name() + "' is stored as " + found.word()
                        + ", the allow-list states "
                        + entry.quantization().map(Quantization::word).orElse("nothing")
                        + ": add the model again");
        });
    }

    private static int widest(Collection<QuantizedMatrix> matrices) {
        return matrices.stream()
                .mapToInt(matrix -> matrix.scheme().packedColumns(matrix.columns()))
                .max()
                .orElse(0);
    }

    private static Architecture find(String name, Container container) {
        TreeSet<String> known = new TreeSet<>();
        known.addAll(Bert.NAMES);
        for (Architecture architecture : ARCHITECTURES) {
            if (architecture.names(container).contains(name)) return architecture;
            known.addAll(architecture.names(container));
        }
        throw ConfigSource.refusal("architecture " + ConfigSource.quote(name) + " is not supported, supported are "
                + String.join(", ", known) + ": this model cannot be served");
    }
}
