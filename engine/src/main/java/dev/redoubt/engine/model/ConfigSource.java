package dev.redoubt.engine.model;

import dev.redoubt.trust.ArtifactException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;

/// The configuration of an artifact, by names of ours whatever the container calls them. Every getter refuses a
/// value of another type; ranges are the business of [ModelConfig].
sealed interface ConfigSource permits GgufConfig, HuggingFaceConfig {
    /// As the file names it.
    String architecture();

    /// The container's name of a key, for messages.
    String name(ConfigKey key);

    OptionalLong integer(ConfigKey key);

    /// Always finite.
    OptionalDouble number(ConfigKey key);

    RopeScaling ropeScaling();

    /// Ids that the configuration itself names, such as that of the end token, by the container's name; each
    /// must be in the vocabulary.
    Map<String, Long> tokenIds();

    /// Whether the head is the embedding; empty where the container says so by leaving the head's tensor out.
    Optional<Boolean> tiedHead();

    /// Refuses what the computation of `architecture` does not have, by name: biases, other activations,
    /// windows, experts.
    ///
    /// @param headDimension of queries and keys
    /// @param contextTokensMax a sliding window of at least that many positions changes nothing
    void refuseOtherComputations(int headDimension, int contextTokensMax);

    static ArtifactException refusal(String message) {
        return new ArtifactException("V4.3", message);
    }

    /// A name or value of a stranger, fit for a message: quoted, printable, bounded.
    static String quote(String text) {
        StringBuilder result = new StringBuilder("'");
        text.codePoints()
                .limit(100)
                .forEach(c -> result.appendCodePoint(
                        Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '?' : c));
        return result.append(text.codePointCount(0, text.length()) > 100 ? "…'" : "'")
                .toString();
    }
}
