package dev.redoubt.engine.model;

import dev.redoubt.base.generation.EmbeddingSizes;
import dev.redoubt.kernels.Compute;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import dev.redoubt.trust.VerifiedArtifact.Container;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// From a verified artifact to an encoder, as [Models] makes decoders.
public final class Encoders {
    private static final String PREFIX = "bert.";

    private Encoders() {}

    /// Whether the artifact says that it is one.
    ///
    /// @throws ArtifactException if its configuration cannot be read
    public static boolean encodes(VerifiedArtifact artifact) {
        return switch (artifact.container()) {
            case GGUF -> new GgufConfig(artifact.gguf()).architecture().equals(Bert.GGUF_NAME);
            case SAFETENSORS ->
                artifact.file("config.json")
                        .map(config -> Bert.NAMES.contains(new HuggingFaceConfig(config).architecture()))
                        .orElse(false);
        };
    }

    /// What the artifact says it is, without taking memory for weights.
    ///
    /// @throws ArtifactException if configuration, tensors or layout are not what is expected
    public static EncoderSpec describe(VerifiedArtifact artifact) {
        ConfigSource source = config(artifact);
        Examined examined = examine(artifact, source);
        SentenceLayout layout = source instanceof GgufConfig gguf
                ? SentenceLayout.of(gguf)
                : SentenceLayout.of(artifact, examined.plan);
        ModelSpec spec = examined.spec;
        int tokensMax = layout.tokensMax().orElse(spec.contextTokensMax());
        return new EncoderSpec(
                spec.withContext(tokensMax),
                layout.pooling(),
                sizes(source, examined.plan),
                Encoder.layout(examined.plan).blockBytes());
    }

    /// Loads the weights. The encoder owns the artifact from then on, as in [Models#load].
    ///
    /// @param compute with room for a batch's tokens of [ModelSpec#widestInput]; outlives the encoder
    /// @param blocksMax of a batch, [Encoder#blocks]
    /// @param textsMax of a batch
    /// @throws ArtifactException as [#describe], if a file was written while it was loaded
    public static Encoder load(VerifiedArtifact artifact, Compute compute, int blocksMax, int textsMax) {
        Examined examined = examine(artifact, config(artifact));
        Weights weights = new Weights(artifact, examined.plan.prefix(), Map.of(), compute);
        try {
            Encoder encoder = new Encoder(examined.plan, examined.spec, weights, compute, blocksMax, textsMax);
            artifact.confirm();
            weights.loaded();
            return encoder;
        } catch (RuntimeException | Error e) {
            weights.abandon();
            throw e;
        }
    }

    private record Examined(EncoderPlan plan, ModelSpec spec) {}

    private static ConfigSource config(VerifiedArtifact artifact) {
        return switch (artifact.container()) {
            case GGUF -> new GgufConfig(artifact.gguf());
            case SAFETENSORS ->
                new HuggingFaceConfig(
                        artifact.file("config.json").orElseThrow(() -> ConfigSource.refusal("config.json is missing")));
        };
    }

    private static Examined examine(VerifiedArtifact artifact, ConfigSource source) {
        String words = TensorRole.WORD_EMBEDDING.name(artifact.container(), 0);
        boolean prefixed = artifact.tensors().containsKey(PREFIX + words);
        EncoderPlan plan = Bert.plan(source, embeddingRows(artifact, words), prefixed ? PREFIX : "");
        TensorCheck.Totals totals =
                TensorCheck.check(artifact, plan.prefix(), EncoderTensors.of(plan), Optional.empty());
        Models.refuseOtherMethod(artifact, artifact.quantization());
        ModelSpec spec = new ModelSpec(
                plan.architecture(),
                totals.quantization(),
                plan.layers(),
                plan.hiddenSize(),
                plan.heads(),
                plan.heads(),
                plan.headDimension(),
                plan.vocabularySize(),
                plan.positions(),
                totals.parameters(),
                totals.bytes(),
                plan.widestInput());
        return new Examined(plan, spec);
    }

    /// What a GGUF file says of the size of its vocabulary, often by this alone.
    private static long embeddingRows(VerifiedArtifact artifact, String words) {
        Tensor tensor = artifact.tensors().get(words);
        return artifact.container() != Container.GGUF
                        || tensor == null
                        || tensor.shape().size() != 2
                ? 0
                : tensor.shape().getFirst();
    }

    /// A list of sizes is a declaration by itself.
    private static EmbeddingSizes sizes(ConfigSource source, EncoderPlan plan) {
        int all = plan.hiddenSize();
        List<Long> named = source.integers(ConfigKey.MATRYOSHKA_DIMENSIONS).orElse(List.of());
        for (long size : named)
            if (size < 1 || size > all)
                throw ConfigSource.refusal(
                        source.name(ConfigKey.MATRYOSHKA_DIMENSIONS) + " has " + size + ", allowed is 1 to " + all);
        boolean any = named.isEmpty() && source.flag(ConfigKey.MATRYOSHKA).orElse(false);
        return new EmbeddingSizes(all, any, named.stream().map(Math::toIntExact).toList());
    }
}
