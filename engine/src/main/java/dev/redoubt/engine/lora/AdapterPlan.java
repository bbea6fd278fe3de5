package dev.redoubt.engine.lora;

import dev.redoubt.base.StrangerText;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.Tensor;
import dev.redoubt.trust.VerifiedArtifact;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/// An adapter that fits its base: the two matrices of each layer that it changes. Nothing is taken for it yet.
///
/// @param layers in the order of the base's
public record AdapterPlan(List<LowRank> layers) {
    private static final String BEFORE = "base_model.model.";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";

    public AdapterPlan {
        layers = List.copyOf(layers);
    }

    /// `W + scale · B A` of one layer.
    ///
    /// @param a (rank, inputs)
    /// @param b (outputs, rank)
    record LowRank(LinearLayer layer, int rank, float scale, Tensor a, Tensor b) {}

    /// What an adapter says, compared with the layers of the base, before any memory is taken.
    ///
    /// @param layers all that an adapter of this base may change
    /// @throws ArtifactException V4.3, naming field or tensor, value and what is allowed
    public static AdapterPlan of(VerifiedArtifact adapter, List<LinearLayer> layers) {
        AdapterConfig config = AdapterConfig.read(adapter.file(AdapterConfig.FILE)
                .orElseThrow(() -> AdapterConfig.refusal(
                        AdapterConfig.FILE + " is missing: the folder of an adapter must have one")));
        refuseUnknownTargets(config, layers);
        List<LowRank> found = new ArrayList<>();
        Set<String> declared = new HashSet<>();
        for (LinearLayer layer : layers) {
            if (!config.changes(layer)) continue;
            LowRank update = new LowRank(
                    layer,
                    config.rank(layer),
                    config.scale(layer),
                    tensor(adapter, layer, A, declared),
                    tensor(adapter, layer, B, declared));
            check(update.a(), config.rank(layer), layer.inputs());
            check(update.b(), layer.outputs(), config.rank(layer));
            found.add(update);
        }
        for (String name : adapter.tensors().keySet())
            if (!declared.contains(name))
                throw AdapterConfig.refusal("tensor " + StrangerText.quoted(name)
                        + " is of no layer that target_modules names and an adapter may change, allowed are lora_A and"
                        + " lora_B of " + shortNames(layers) + ": this adapter cannot be served");
        return new AdapterPlan(found);
    }

    private static void refuseUnknownTargets(AdapterConfig config, List<LinearLayer> layers) {
        for (String target : config.targets())
            if (!target.equals(AdapterConfig.ALL_LINEAR) && layers.stream().noneMatch(layer -> layer.isMeantBy(target)))
                throw AdapterConfig.refusal("target_modules in " + AdapterConfig.FILE + " has "
                        + StrangerText.quoted(target) + ", which is no layer of the base that an adapter may change,"
                        + " allowed are " + shortNames(layers) + ": this adapter cannot be served");
    }

    private static String shortNames(List<LinearLayer> layers) {
        Set<String> names = new TreeSet<>();
        for (LinearLayer layer : layers) names.add(layer.shortName());
        return String.join(", ", names);
    }

    private static Tensor tensor(VerifiedArtifact adapter, LinearLayer layer, String suffix, Set<String> declared) {
        String name = BEFORE + layer.name() + suffix;
        declared.add(name);
        return Optional.ofNullable(adapter.tensors().get(name))
                .orElseThrow(() -> AdapterConfig.refusal("tensor '" + name
                        + "' is missing, target_modules names its layer: every layer needs lora_A and lora_B"));
    }

    private static void check(Tensor tensor, long rows, long columns) {
        if (!tensor.shape().equals(List.of(rows, columns)))
            throw AdapterConfig.refusal("tensor '" + tensor.name() + "' has the shape " + tensor.shape()
                    + ", allowed is [" + rows + ", " + columns + "] by the rank in " + AdapterConfig.FILE
                    + " and the layer of the base");
        if (!FloatTensor.isOne(tensor))
            throw AdapterConfig.refusal(
                    "tensor '" + tensor.name() + "' has the type " + tensor.type() + ", allowed are F32, F16 and BF16");
        long notFinite = FloatTensor.firstNotFinite(tensor);
        if (notFinite >= 0)
            throw AdapterConfig.refusal("tensor '" + tensor.name() + "' has the value "
                    + FloatTensor.value(tensor, notFinite) + " at element " + notFinite + ", allowed are finite ones");
    }

    /// The largest of its ranks.
    public int rank() {
        return layers.stream().mapToInt(LowRank::rank).max().orElse(0);
    }

    /// Numbers in all its matrices.
    public long parameters() {
        return layers.stream()
                .mapToLong(update -> elements(update.a()) + elements(update.b()))
                .sum();
    }

    private static long elements(Tensor tensor) {
        MemorySegment data = tensor.data();
        return data.byteSize() / tensor.type().blockBytes();
    }

    Optional<LowRank> of(String layer) {
        return layers.stream()
                .filter(update -> update.layer().name().equals(layer))
                .findFirst();
    }
}
