package dev.redoubt.gateway;

import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Principal;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import javax.net.ssl.SSLPeerUnverifiedException;

/// Who makes a request: by a key, or by the certificate of the connection. Any thread.
final class Authenticator implements Callers {
    private final KeyStore keys;
    private final Predicate<String> applications;
    private final Map<String, Principal> byCertificate;

    /// @param applications whether the keys of an application are good here
    /// @param byCertificate by fingerprint, see [TlsOptions#clients]
    Authenticator(KeyStore keys, Predicate<String> applications, Map<String, Principal> byCertificate) {
        this.keys = keys;
        this.applications = applications;
        this.byCertificate = byCertificate;
    }

    /// A key that is presented counts, right or wrong; only without one does a certificate speak for its holder.
    @Override
    public Optional<Principal> caller(MultiMap headers, HttpConnection connection, RequestHeads heads) {
        boolean presented = headers.contains(HttpHeaders.AUTHORIZATION) || headers.contains(RequestHeads.API_KEY);
        if (!presented && !byCertificate.isEmpty()) return byCertificate(connection);
        return heads.presentedKey(headers).flatMap(key -> keys.authenticate(key, applications));
    }

    @Override
    public boolean metered() {
        return true;
    }

    private Optional<Principal> byCertificate(HttpConnection connection) {
        if (!connection.isSsl()) return Optional.empty();
        try {
            var chain = connection.peerCertificates(); // verified against the client CA when the connection was made
            return Optional.ofNullable(byCertificate.get(TlsFiles.fingerprint(chain.getFirst())))
                    .filter(holder -> applications.test(holder.application()));
        } catch (SSLPeerUnverifiedException none) {
            return Optional.empty();
        }
    }
}
