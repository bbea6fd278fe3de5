package dev.redoubt.trust;

import dev.redoubt.base.Pem;
import dev.redoubt.base.StrangerText;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.CertPath;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Who vouches for a model: the catalogue of this program, the operator who added it, or the holder of a key
/// whose signature it carries.
public final class Signer {
    /* A bundle carries hints: a key's digest, a key, a chain of certificates. They may select among what is
     * pinned here and never add to it. Certificates must be valid when the model is loaded: a bundle has no
     * witness of the time it was signed at, so that is the only time anybody can prove. */
    private static final String CODE_SIGNING = "1.3.6.1.5.5.7.3.3";
    private static final int DIGITAL_SIGNATURE = 0;

    static final Signer CATALOGUE = new Signer("catalogue", "", null, List.of());
    static final Signer OPERATOR = new Signer("operator", "", null, List.of());

    private final String id;
    private final String pem;
    private final @Nullable ECPublicKey key; // of the method `key`
    private final List<X509Certificate> certificates; // of the method `certificate`

    private Signer(String id, String pem, @Nullable ECPublicKey key, List<X509Certificate> certificates) {
        this.id = id;
        this.pem = pem;
        this.key = key;
        this.certificates = certificates;
    }

    /// One public key (SPKI), or the certificates to which a signer's must lead.
    ///
    /// @throws ArtifactException if the text is something else, or a key is not of P-256, P-384 or P-521
    public static Signer ofPem(byte[] text) {
        List<Pem.Block> blocks = Refusals.pem(text, "the signer's file");
        String label = blocks.getFirst().label();
        if (blocks.size() == 1 && label.equals(Pem.PUBLIC_KEY)) {
            ECPublicKey key = EcKeys.publicKey(blocks.getFirst().der(), "the signer's key");
            String id = "key:sha256:" + Sha256.of(key.getEncoded());
            return new Signer(id, Pem.format(Pem.PUBLIC_KEY, key.getEncoded()), key, List.of());
        }
        var certificates = new ArrayList<X509Certificate>();
        var canonical = new StringBuilder();
        for (Pem.Block block : blocks) {
            if (!block.label().equals(Pem.CERTIFICATE))
                throw Refusals.files(
                        "the signer's file holds '%s', allowed are one '%s' or '%s' blocks: name the public part",
                        block.label(), Pem.PUBLIC_KEY, Pem.CERTIFICATE);
            certificates.add(certificate(block.der(), "the signer's file"));
            canonical.append(Pem.format(Pem.CERTIFICATE, block.der()));
        }
        String id = "certificate:sha256:" + Sha256.of(canonical.toString().getBytes(StandardCharsets.US_ASCII));
        return new Signer(id, canonical.toString(), null, List.copyOf(certificates));
    }

    /// As [#id] and [#pem] say.
    ///
    /// @throws ArtifactException if they do not belong together
    static Signer of(String id, String pem) {
        for (Signer fixed : List.of(CATALOGUE, OPERATOR)) if (fixed.id.equals(id) && pem.isEmpty()) return fixed;
        try {
            Signer signer = ofPem(pem.getBytes(StandardCharsets.US_ASCII));
            if (signer.id.equals(id)) return signer;
        } catch (ArtifactException malformed) {
            throw Refusals.trust("the allow-list names the signer '%s' without a key", StrangerText.shown(id));
        }
        throw Refusals.trust("signer '%s' of the allow-list is not that of its key", StrangerText.shown(id));
    }

    /// `catalogue`, `operator`, `key:sha256:` or `certificate:sha256:` and the hex digest of what is pinned.
    public String id() {
        return id;
    }

    /// The key or certificates; empty where there are none.
    String pem() {
        return pem;
    }

    /// Whether a model must carry a signature of this signer.
    public boolean signs() {
        return !pem.isEmpty();
    }

    /// The key that the signature of a bundle must be checked with.
    ///
    /// @throws ArtifactException if the bundle is of another key or of certificates that lead elsewhere
    ECPublicKey keyFor(SignatureBundle.Material material, Instant now) {
        return switch (material) {
            case SignatureBundle.KeyHint hint -> pinnedKey(hint);
            case SignatureBundle.Chain chain -> leafKey(chain.certificates(), now);
        };
    }

    private ECPublicKey pinnedKey(SignatureBundle.KeyHint hint) {
        ECPublicKey pinned = key;
        if (pinned == null)
            throw Refusals.files("the signature is by a key, the pinned signer is a certificate: pin the signer's key");
        String given = hint.hint();
        if (!given.isEmpty()
                && !given.equals(Sha256.of(pem.strip().getBytes(StandardCharsets.US_ASCII)))
                && !given.equals(Sha256.of(pem.getBytes(StandardCharsets.US_ASCII)))
                && !given.equals(Sha256.of(pinned.getEncoded())))
            throw Refusals.files("the signature is by another key than the pinned signer: get the signer's own key");
        return pinned;
    }

    private ECPublicKey leafKey(List<X509Certificate> chain, Instant now) {
        if (certificates.isEmpty())
            throw Refusals.files("the signature is by a certificate, the pinned signer is a key: pin a certificate");
        X509Certificate leaf = chain.getFirst();
        refuseUnlessFit(leaf, now);
        if (!certificates.contains(leaf)) checkPath(chain, now);
        return EcKeys.checked(leaf.getPublicKey(), "the signer's certificate");
    }

    private static void refuseUnlessFit(X509Certificate leaf, Instant now) {
        if (now.isBefore(leaf.getNotBefore().toInstant())
                || now.isAfter(leaf.getNotAfter().toInstant()))
            throw Refusals.files(
                    "the signer's certificate is valid from %s to %s, now is %s: have the model signed again",
                    leaf.getNotBefore().toInstant(), leaf.getNotAfter().toInstant(), now);
        boolean[] usage = leaf.getKeyUsage();
        List<String> extended;
        try {
            extended = Optional.ofNullable(leaf.getExtendedKeyUsage()).orElse(List.of(CODE_SIGNING));
        } catch (CertificateException e) {
            extended = List.of();
        }
        if (usage == null || !usage[DIGITAL_SIGNATURE] || !extended.contains(CODE_SIGNING))
            throw Refusals.files(
                    "the signer's certificate is not for signing, its key usage must hold digitalSignature and, if any, codeSigning");
    }

    /// Every certificate of the chain up to a pinned one; what the bundle says beyond that is not looked at.
    private void checkPath(List<X509Certificate> chain, Instant now) {
        var path = new ArrayList<X509Certificate>();
        for (X509Certificate certificate : chain) {
            if (certificates.contains(certificate)) break;
            path.add(certificate);
        }
        var anchors = new HashSet<TrustAnchor>();
        for (X509Certificate pinned : certificates) {
            if (now.isBefore(pinned.getNotBefore().toInstant())
                    || now.isAfter(pinned.getNotAfter().toInstant())) continue;
            anchors.add(new TrustAnchor(pinned, null));
        }
        if (anchors.isEmpty()) throw Refusals.files("every pinned certificate has expired: pin a current one");
        try {
            CertPath certPath = CertificateFactory.getInstance("X.509").generateCertPath(path);
            var parameters = new PKIXParameters(anchors);
            parameters.setRevocationEnabled(false); // nothing is asked of a network; distrusting is the operator's act
            parameters.setDate(Date.from(now));
            CertPathValidator.getInstance("PKIX").validate(certPath, parameters);
        } catch (GeneralSecurityException e) {
            throw Refusals.files(
                    "the certificates of the signature do not lead to a pinned one: pin the signer's root");
        }
    }

    static X509Certificate certificate(byte[] der, String what) {
        try {
            var in = new ByteArrayInputStream(der);
            var found =
                    (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
            if (in.available() > 0) throw Refusals.files("%s has bytes after a certificate: get it again", what);
            return found;
        } catch (CertificateException e) {
            throw Refusals.files("%s holds what is no certificate: get it again", what);
        }
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof Signer signer && signer.id.equals(id);
    }

    @Override
    public int hashCode() {
        return id.hashCode();
    }

    @Override
    public String toString() {
        return id;
    }
}
