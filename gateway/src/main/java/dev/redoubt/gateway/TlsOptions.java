package dev.redoubt.gateway;

import dev.redoubt.policy.Principal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// How the edge proves who it is, and whom it knows by certificate.
///
/// @param certificate PEM, the server's own first
/// @param key where the private key is
/// @param clientCa PEM; empty: no client is asked for a certificate
/// @param versions `1.3`, `1.2`
/// @param clients by `sha256:` and the lower-case hexadecimal SHA-256 of a client's certificate in DER
public record TlsOptions(
        Path certificate,
        KeySource key,
        Optional<Path> clientCa,
        List<String> versions,
        Map<String, Principal> clients) {
    public TlsOptions {
        versions = List.copyOf(versions);
        clients = Map.copyOf(clients);
    }

    /// Gives the private key in PEM, as often as it is asked: it may be another one by then.
    public interface KeySource {
        byte[] read() throws java.io.IOException;
    }
}
