package dev.redoubt.cli;

import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.AdminAddress;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.policy.Waiver;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// What a server is started with.
///
/// @param model empty: only applications are served
/// @param engine how a model is computed
/// @param applications with deployments, wanted from the start
/// @param admin where administration listens; empty: on the socket of the home
/// @param canaryEvery after what time models read their reference text again (V6.2)
/// @param waivers that count today
/// @param fingerprint of what was given, `sha256:` and the hash: what the audit log knows it by
record ServerConfig(
        Optional<ModelChoice> model,
        EngineOptions engine,
        EdgeOptions edge,
        List<ApplicationSpec> applications,
        Optional<AdminAddress.LoopbackPort> admin,
        List<Waiver> waivers,
        Duration canaryEvery,
        String fingerprint) {
    static final Duration CANARY_EVERY = Duration.ofHours(6);

    /// Without a file: the command line's model, sized by the machine; no waivers.
    static ServerConfig ofOptions(String model, List<String> adapters, EngineOptions engine, EdgeOptions edge) {
        String all = model + "\n" + adapters + "\n" + engine + "\n" + edge;
        return new ServerConfig(
                Optional.of(new ModelChoice(
                        model,
                        Optional.empty(),
                        OptionalLong.empty(),
                        adapters.stream()
                                .map(name -> new AdapterChoice(name, Optional.empty()))
                                .toList())),
                engine,
                edge,
                List.of(),
                Optional.empty(),
                List.of(),
                CANARY_EVERY,
                fingerprint(all.getBytes(StandardCharsets.UTF_8)));
    }

    /// The same with these applications.
    ServerConfig withApplications(List<ApplicationSpec> wanted) {
        return new ServerConfig(model, engine, edge, wanted, admin, waivers, canaryEvery, fingerprint);
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
}
