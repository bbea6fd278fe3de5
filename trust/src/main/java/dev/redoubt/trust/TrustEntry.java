package dev.redoubt.trust;

import java.time.Instant;
import java.util.Optional;

/// One entry of the allow-list: which bytes may be loaded under a name, and who vouches for them.
///
/// @param revision of the name, 1 or more, never lower than one that was trusted before; 0 where the digest was
/// given at the start and no list was asked
/// @param digest hex SHA-256 of the manifest, see [VerifiedArtifact#digest]
/// @param signer as [Signer#id] says
/// @param base of an adapter: hex SHA-256 of the manifest of the one model that it may be loaded on; empty for
/// a model
/// @param bounds that a comparison with the model that it was made of must keep; empty: those of its quantization
/// @param quantization that is stated; empty in an entry of an old version, which is not loaded
public record TrustEntry(
        String name,
        long revision,
        String digest,
        String signer,
        Optional<Quantization> quantization,
        Optional<String> base,
        Optional<QualityBounds> bounds,
        Instant trustedAt) {
    static TrustEntry of(String name, AllowList.Grant grant) {
        return new TrustEntry(
                name,
                grant.revision(),
                grant.digest(),
                grant.signer().id(),
                grant.quantization(),
                grant.base(),
                grant.bounds(),
                grant.trustedAt());
    }
}
