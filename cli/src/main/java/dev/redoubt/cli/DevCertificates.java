package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Pem;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.CertIOException;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/// A certificate authority in a folder, for trying TLS on one machine: ECDSA over P-256, keys mode 0600.
final class DevCertificates {
    private static final Duration CA_VALID = Duration.ofDays(365);
    private static final Duration LEAF_VALID = Duration.ofDays(90);
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);
    private static final String SIGNATURE = "SHA256withECDSA";
    private static final SecureRandom RANDOM = new SecureRandom();

    private final Path folder;
    private final Instant now;
    private final X509Certificate authority;
    private final PrivateKey authorityKey;

    private DevCertificates(Path folder, Instant now, X509Certificate authority, PrivateKey authorityKey) {
        this.folder = folder;
        this.now = now;
        this.authority = authority;
        this.authorityKey = authorityKey;
    }

    /// Opens the authority `ca.crt`, `ca.key` of a folder, or makes it.
    static DevCertificates open(Path folder, Instant now) throws IOException {
        try {
            DurableFiles.privateDirectory(folder);
            Path certificate = folder.resolve("ca.crt");
            Path key = folder.resolve("ca.key");
            if (!Files.exists(certificate)) {
                KeyPair pair = newPair();
                X500Principal name = new X500Principal("CN=Redoubt development CA");
                JcaX509v3CertificateBuilder builder = builder(name, name, pair, now, CA_VALID);
                builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
                builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign));
                writeKey(key, pair.getPrivate());
                writeCertificates(certificate, List.of(sign(builder, pair.getPrivate())));
            }
            return new DevCertificates(folder, now, readCertificate(certificate), readKey(key));
        } catch (GeneralSecurityException | OperatorCreationException | IllegalArgumentException e) {
            throw new CommandFailure(
                    ExitCode.IO,
                    "the authority in " + folder + " cannot be used: " + e.getMessage()
                            + ": remove ca.crt and ca.key there");
        }
    }

    /// Writes `NAME.crt` with its chain and `NAME.key`.
    ///
    /// @param hosts names and addresses that a server is reached by; empty: a client's certificate
    /// @return `sha256:` and its fingerprint
    String issue(String name, List<String> hosts) throws IOException {
        try {
            KeyPair pair = newPair();
            X500Principal subject = new X500Principal("CN=" + name);
            JcaX509v3CertificateBuilder builder =
                    builder(authority.getSubjectX500Principal(), subject, pair, now, LEAF_VALID);
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false));
            builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature));
            KeyPurposeId purpose = hosts.isEmpty() ? KeyPurposeId.id_kp_clientAuth : KeyPurposeId.id_kp_serverAuth;
            builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose));
            JcaX509ExtensionUtils utils = new JcaX509ExtensionUtils();
            builder.addExtension(
                    Extension.authorityKeyIdentifier,
                    false,
                    utils.createAuthorityKeyIdentifier(authority.getPublicKey()));
            if (!hosts.isEmpty())
                builder.addExtension(
                        Extension.subjectAlternativeName,
                        false,
                        new GeneralNames(
                                hosts.stream().map(DevCertificates::alternative).toArray(GeneralName[]::new)));
            X509Certificate certificate = sign(builder, authorityKey);
            writeKey(folder.resolve(name + ".key"), pair.getPrivate());
            writeCertificates(folder.resolve(name + ".crt"), List.of(certificate, authority));
            return "sha256:"
                    + HexFormat.of()
                            .formatHex(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
        } catch (GeneralSecurityException | OperatorCreationException | IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, "certificate '" + name + "' for " + hosts + ": " + e.getMessage());
        }
    }

    private static GeneralName alternative(String host) {
        boolean address = host.contains(":") || host.matches("[0-9.]+");
        return new GeneralName(address ? GeneralName.iPAddress : GeneralName.dNSName, host);
    }

    private static KeyPair newPair() throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"), RANDOM);
        return generator.generateKeyPair();
    }

    private static JcaX509v3CertificateBuilder builder(
            X500Principal issuer, X500Principal subject, KeyPair pair, Instant now, Duration valid)
            throws CertIOException, GeneralSecurityException {
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                issuer,
                new BigInteger(127, RANDOM).add(BigInteger.ONE),
                Date.from(now.minus(CLOCK_SKEW)),
                Date.from(now.plus(valid)),
                subject,
                pair.getPublic());
        builder.addExtension(
                Extension.subjectKeyIdentifier,
                false,
                new JcaX509ExtensionUtils().createSubjectKeyIdentifier(pair.getPublic()));
        return builder;
    }

    private static X509Certificate sign(JcaX509v3CertificateBuilder builder, PrivateKey key)
            throws GeneralSecurityException, OperatorCreationException {
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder(SIGNATURE).build(key)));
    }

    private static void writeKey(Path file, PrivateKey key) throws IOException {
        DurableFiles.replace(file, Pem.format(Pem.PRIVATE_KEY, key.getEncoded()).getBytes(StandardCharsets.US_ASCII));
    }

    private static void writeCertificates(Path file, List<X509Certificate> chain)
            throws IOException, GeneralSecurityException {
        StringBuilder text = new StringBuilder();
        for (X509Certificate certificate : chain) text.append(Pem.format(Pem.CERTIFICATE, certificate.getEncoded()));
        DurableFiles.replace(file, text.toString().getBytes(StandardCharsets.US_ASCII));
    }

    private static X509Certificate readCertificate(Path file) throws IOException, GeneralSecurityException {
        try (var in = Files.newInputStream(file)) {
            return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
        }
    }

    private static PrivateKey readKey(Path file) throws IOException, GeneralSecurityException {
        byte[] der =
                Pem.parse(Files.readAllBytes(file), file.toString()).getFirst().der();
        return KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(der));
    }
}
