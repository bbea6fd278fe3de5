package dev.redoubt.cli;

import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.AdminAddress;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.policy.Waiver;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What a server is started with.
///
/// @param model a name of the store or the catalogue, or a path
/// @param digest hexadecimal SHA-256 of the model's manifest; another one is refused. Empty: any that the store
///     vouches for
/// @param memoryBytes of weights and KV cache together; empty: what the machine has
/// @param admin where administration listens; empty: on the socket of the home
/// @param waivers that count today
/// @param fingerprint of what was given, `sha256:` and the hash: what the audit log knows it by
record ServerConfig(
        String model,
        Optional<String> digest,
        OptionalLong memoryBytes,
        EngineOptions engine,
        EdgeOptions edge,
        Optional<AdminAddress.LoopbackPort> admin,
        List<Waiver> waivers,
        String fingerprint) {
    /// Without a file: the command line's model, sized by the machine; no waivers.
    static ServerConfig ofOptions(String model, EngineOptions engine, EdgeOptions edge) {
        String all = model + "\n" + engine + "\n" + edge;
        return new ServerConfig(
                model,
                Optional.empty(),
                OptionalLong.empty(),
                engine,
                edge,
                Optional.empty(),
                List.of(),
                fingerprint(all.getBytes(StandardCharsets.UTF_8)));
    }

    /// As [#fingerprint] holds it, of the text of a file.
    static String fingerprint(byte[] text) {
        try {
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(text));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }

    /// How the engine is sized for this model.
    ///
    /// @throws Refusal if the model is another one than the configuration says, or leaves nothing of the memory
    EngineOptions sizedFor(VerifiedArtifact artifact) {
        if (digest.isPresent() && !digest.get().equals(artifact.digest()))
            throw new Refusal(List.of(Refusal.line(
                    "V4.1",
                    "model.digest:sha256:" + artifact.digest(),
                    "sha256:" + digest.get(),
                    "serve the model that was approved, or approve this one by its digest")));
        if (memoryBytes.isEmpty()) return engine;
        long weights = artifact.tensors().values().stream()
                .mapToLong(tensor -> tensor.data().byteSize())
                .sum();
        long left = memoryBytes.getAsLong() - weights;
        if (left <= 0)
            throw new Refusal(List.of(Refusal.line(
                    "R1.1",
                    "model.memory:" + memoryBytes.getAsLong(),
                    "more than the " + weights + " bytes of the model's weights",
                    "raise model.memory")));
        return engine.withKvBytesMax(left);
    }
}
