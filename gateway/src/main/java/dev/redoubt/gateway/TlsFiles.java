package dev.redoubt.gateway;

import dev.redoubt.base.Pem;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.core.net.TrustOptions;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509KeyManager;

/// Certificate, key and client CA as read from their files, checked against each other.
final class TlsFiles {
    private static final List<String> ALGORITHMS = List.of("RSA", "EC", "Ed25519");
    private static final char[] NO_PASSWORD = new char[0];

    private final TlsOptions options;
    private final byte[] digest;
    private final List<X509Certificate> chain;
    private final PrivateKey key;
    private final List<X509Certificate> clientCa;

    private TlsFiles(
            TlsOptions options,
            byte[] digest,
            List<X509Certificate> chain,
            PrivateKey key,
            List<X509Certificate> clientCa) {
        this.options = options;
        this.digest = digest;
        this.chain = chain;
        this.key = key;
        this.clientCa = clientCa;
    }

    /// @throws TlsException if something is missing, is not what it should be, does not fit, or is not valid at `now`
    static TlsFiles read(TlsOptions options, Instant now) {
        try {
            byte[] certificate = Files.readAllBytes(options.certificate());
            byte[] keyPem = options.key().read();
            byte[] ca = options.clientCa().isPresent()
                    ? Files.readAllBytes(options.clientCa().get())
                    : new byte[0];
            List<X509Certificate> chain = certificates(certificate, "certificate " + options.certificate());
            List<X509Certificate> clientCa = options.clientCa().isPresent()
                    ? certificates(ca, "client CA " + options.clientCa().get())
                    : List.of();
            PrivateKey key = key(keyPem);
            checkPair(chain.getFirst(), key, options);
            checkDates(chain.getFirst(), now, options);
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            for (byte[] part : List.of(certificate, keyPem, ca))
                sha.update(MessageDigest.getInstance("SHA-256").digest(part));
            Arrays.fill(keyPem, (byte) 0);
            return new TlsFiles(options, sha.digest(), chain, key, clientCa);
        } catch (IOException e) {
            throw new TlsException("TLS file cannot be read: " + e.getMessage() + ": check the path and its mode");
        } catch (GeneralSecurityException e) {
            throw new TlsException("TLS files cannot be used: " + e.getMessage());
        }
    }

    /// Whether another reading found the same bytes.
    boolean same(TlsFiles other) {
        return MessageDigest.isEqual(digest, other.digest);
    }

    /// Of the server's certificate.
    String fingerprint() {
        return fingerprint(chain.getFirst());
    }

    /// Until when the server's certificate is valid.
    Instant validUntil() {
        return chain.getFirst().getNotAfter().toInstant();
    }

    /// For Vert.x, where HTTP/2 is spoken.
    ServerSSLOptions http2Options() {
        ServerSSLOptions ssl = serverOptions();
        ssl.setUseAlpn(true).setApplicationLayerProtocols(List.of("h2"));
        return ssl;
    }

    /// For Vert.x.
    ServerSSLOptions serverOptions() {
        try {
            KeyStore store = emptyStore();
            store.setKeyEntry("server", key, NO_PASSWORD, chain.toArray(Certificate[]::new));
            KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, NO_PASSWORD);
            ServerSSLOptions ssl = new ServerSSLOptions();
            ssl.setKeyCertOptions(KeyCertOptions.wrap((X509KeyManager) keys.getKeyManagers()[0]));
            ssl.setEnabledSecureTransportProtocols(protocols());
            ssl.setSslHandshakeTimeout(10);
            if (options.clientCa().isPresent()) {
                KeyStore trusted = emptyStore();
                for (int i = 0; i < clientCa.size(); i++) trusted.setCertificateEntry("ca-" + i, clientCa.get(i));
                TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
                trust.init(trusted);
                ssl.setTrustOptions(TrustOptions.wrap(trust.getTrustManagers()[0]));
                ssl.setClientAuth(io.vertx.core.http.ClientAuth.REQUEST);
            }
            return ssl;
        } catch (GeneralSecurityException | IOException e) {
            throw new TlsException("TLS files cannot be used: " + e.getMessage());
        }
    }

    /// `sha256:` and the SHA-256 of a certificate in DER.
    static String fingerprint(Certificate certificate) {
        try {
            return "sha256:"
                    + java.util.HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
        } catch (GeneralSecurityException e) {
            throw new TlsException("a certificate cannot be encoded: " + e.getMessage());
        }
    }

    private Set<String> protocols() {
        return options.versions().stream()
                .map(version -> "TLSv" + version)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    private static KeyStore emptyStore() throws GeneralSecurityException, IOException {
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, NO_PASSWORD);
        return store;
    }

    private static List<X509Certificate> certificates(byte[] pem, String what) throws GeneralSecurityException {
        Collection<? extends Certificate> all =
                CertificateFactory.getInstance("X.509").generateCertificates(new ByteArrayInputStream(pem));
        List<X509Certificate> certificates =
                all.stream().map(certificate -> (X509Certificate) certificate).toList();
        if (certificates.isEmpty()) throw new TlsException(what + " holds no certificate: it must be PEM");
        return certificates;
    }

    private static PrivateKey key(byte[] pem) {
        Pem.Block block;
        try {
            block = Pem.parse(pem, "TLS key").stream()
                    .filter(one -> one.label().equals(Pem.PRIVATE_KEY))
                    .findFirst()
                    .orElseThrow(() -> new TlsException(
                            "TLS key is no PKCS #8 private key in PEM: convert it by openssl pkcs8 -topk8 -nocrypt"));
        } catch (IllegalArgumentException e) {
            throw new TlsException(String.valueOf(e.getMessage()));
        }
        for (String algorithm : ALGORITHMS) {
            try {
                return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(block.der()));
            } catch (GeneralSecurityException otherKind) {
                // the next may fit
            }
        }
        throw new TlsException("TLS key is of no known kind, known are " + ALGORITHMS);
    }

    /// A key that does not belong to the certificate fails every handshake, and would do so only when somebody calls.
    private static void checkPair(X509Certificate certificate, PrivateKey key, TlsOptions options)
            throws GeneralSecurityException {
        PublicKey open = certificate.getPublicKey();
        byte[] probe = {1, 2, 3, 4};
        String algorithm = key instanceof RSAKey
                ? "SHA256withRSA"
                : key.getAlgorithm().startsWith("Ed") ? "EdDSA" : "SHA256withECDSA";
        try {
            Signature signing = Signature.getInstance(algorithm);
            signing.initSign(key);
            signing.update(probe);
            Signature checking = Signature.getInstance(algorithm);
            checking.initVerify(open);
            checking.update(probe);
            if (checking.verify(signing.sign())) return;
        } catch (java.security.InvalidKeyException | java.security.SignatureException mismatch) {
            // said below
        }
        throw new TlsException("TLS key does not belong to certificate " + options.certificate()
                + ": give the key that it was made for");
    }

    private static void checkDates(X509Certificate certificate, Instant now, TlsOptions options) {
        Instant from = certificate.getNotBefore().toInstant();
        Instant until = certificate.getNotAfter().toInstant();
        if (now.isAfter(until))
            throw new TlsException("certificate " + options.certificate() + " expired at " + until + ": renew it");
        if (now.plus(Duration.ofMinutes(5)).isBefore(from))
            throw new TlsException("certificate " + options.certificate() + " is valid from " + from
                    + " on: check the clock or the file");
    }
}
