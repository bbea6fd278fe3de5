package dev.redoubt.trust;

import java.time.Instant;

/// One entry of the allow-list: which bytes may be loaded under a name, and who vouches for them.
///
/// @param revision of the name, 1 or more, never lower than one that was trusted before; 0 where the digest was
///     given at the start and no list was asked
/// @param digest hex SHA-256 of the manifest, see [VerifiedArtifact#digest]
/// @param signer as [Signer#id] says
public record TrustEntry(String name, long revision, String digest, String signer, Instant trustedAt) {}
