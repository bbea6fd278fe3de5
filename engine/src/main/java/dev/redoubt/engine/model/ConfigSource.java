package dev.redoubt.engine.model;

import dev.redoubt.base.StrangerText;
import dev.redoubt.kernels.GateFunction;
import dev.redoubt.trust.ArtifactException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.Set;

/// The configuration of an artifact, by names of ours whatever the container calls them. Every getter refuses a
/// value of another type; ranges are the business of [ModelConfig].
sealed interface ConfigSource permits GgufConfig, HuggingFaceConfig {
    /// As the file names it.
    String architecture();

    /// The container's name of a key, for messages.
    String name(ConfigKey key);

    /// Whether the file says anything of a key, be it that it has none (`null`).
    boolean has(ConfigKey key);

    OptionalLong integer(ConfigKey key);

    /// Always finite.
    OptionalDouble number(ConfigKey key);

    Optional<Boolean> flag(ConfigKey key);

    Optional<List<Long>> integers(ConfigKey key);

    /// Of the layers without a window, or of all.
    ///
    /// @param baseWhereAbsent θ
    Rope rope(double baseWhereAbsent);

    /// Of the layers with a window, in families where it differs.
    Rope localRope(double baseWhereAbsent);

    /// By layer, whether it has a window; empty where the file does not say.
    ///
    /// @throws ArtifactException if it says so of another number of layers, or knows other types
    Optional<List<Boolean>> windowedLayers(int layers);

    /// Ids that the configuration itself names, such as that of the end token, by the container's name; each
    /// must be in the vocabulary.
    Map<String, Long> tokenIds();

    /// Whether the head is the embedding; empty where the container says so by leaving the head's tensor out.
    Optional<Boolean> tiedHead(boolean whereAbsent);

    /// Refuses what a family does not compute, by name: biases, other activations, windows, experts.
    void refuseOtherComputations(Computed computed);

    /// What a family computes of what configurations may ask for.
    ///
    /// @param headDimension of queries and keys
    /// @param contextTokensMax a sliding window of at least that many positions changes nothing
    /// @param features keys that the family reads by itself; the others must be absent or change nothing
    record Computed(int headDimension, int contextTokensMax, GateFunction gate, Set<ConfigKey> features) {
        public Computed {
            features = Set.copyOf(features);
        }
    }

    static ArtifactException refusal(String message) {
        return new ArtifactException("V4.3", message);
    }

    /// A name or value of a stranger, fit for a message: quoted, printable, bounded.
    static String quote(String text) {
        return StrangerText.quoted(text);
    }
}
