package dev.redoubt.trust;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;

/// How a model that is added is vouched for.
///
/// @param signer whose signature it must carry; none: the operator vouches by adding it
/// @param signature the bundle; none: `model.sig` in the model's folder
/// @param revision of the name; none: the next one
/// @param base of an adapter: hex SHA-256 of the manifest of its base; none: it is a model
/// @param quantization that it must have; none: what its files say becomes the entry's
public record Vouch(
        Optional<Signer> signer,
        Optional<Path> signature,
        OptionalLong revision,
        Optional<Quantization> quantization,
        Optional<String> base) {
    /// Of a model.
    public Vouch(
            Optional<Signer> signer,
            Optional<Path> signature,
            OptionalLong revision,
            Optional<Quantization> quantization) {
        this(signer, signature, revision, quantization, Optional.empty());
    }

    /// The operator's word.
    public static final Vouch OPERATOR =
            new Vouch(Optional.empty(), Optional.empty(), OptionalLong.empty(), Optional.empty());

    /// A signature that the model carries.
    public static Vouch signedBy(Signer signer) {
        return new Vouch(Optional.of(signer), Optional.empty(), OptionalLong.empty(), Optional.empty());
    }
}
