package dev.redoubt.cli;

import dev.redoubt.trust.VerifiedArtifact;
import java.util.List;
import java.util.Optional;

/// An adapter that a server serves beside its model.
///
/// @param name of the store
/// @param digest hexadecimal SHA-256 of its manifest; another one is refused. Empty: any that the store vouches for
record AdapterChoice(String name, Optional<String> digest) {
    /// @throws Refusal if the adapter is another one than was chosen, or none
    void require(VerifiedArtifact artifact) {
        if (!artifact.adapter())
            throw new Refusal(List.of(Refusal.line(
                    "V4.1",
                    "model.adapters:" + name,
                    "an adapter; this is a model by itself",
                    "redoubt models list shows which are adapters")));
        if (digest.isPresent() && !digest.get().equals(artifact.digest()))
            throw new Refusal(List.of(Refusal.line(
                    "V4.1",
                    "model.adapters.digest:sha256:" + artifact.digest(),
                    "sha256:" + digest.get(),
                    "serve the adapter that was approved, or approve this one by its digest")));
    }
}
