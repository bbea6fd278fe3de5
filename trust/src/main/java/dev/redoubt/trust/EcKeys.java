package dev.redoubt.trust;

import dev.redoubt.base.Pem;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.security.interfaces.ECKey;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECFieldFp;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPoint;
import java.security.spec.ECPublicKeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.List;
import javax.crypto.KeyAgreement;

/// ECDSA on the three curves of OpenSSF Model Signing, each with the hash that belongs to it.
final class EcKeys {
    /// The curves, known by all their parameters.
    private enum Curve {
        P256("secp256r1", "SHA256withECDSA"),
        P384("secp384r1", "SHA384withECDSA"),
        P521("secp521r1", "SHA512withECDSA");

        private final String algorithm;
        private final ECParameterSpec parameters;

        Curve(String name, String algorithm) {
            this.algorithm = algorithm;
            try {
                AlgorithmParameters known = AlgorithmParameters.getInstance("EC");
                known.init(new ECGenParameterSpec(name));
                this.parameters = known.getParameterSpec(ECParameterSpec.class);
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("every Java platform has " + name, e);
            }
        }

        /// All of them are compared: a curve with a generator of somebody's choice is another curve.
        private boolean has(ECParameterSpec given) {
            return given.getCurve().equals(parameters.getCurve())
                    && given.getGenerator().equals(parameters.getGenerator())
                    && given.getOrder().equals(parameters.getOrder())
                    && given.getCofactor() == parameters.getCofactor();
        }
    }

    private EcKeys() {}

    /// @throws ArtifactException unless `der` is an SPKI of one of the curves
    static ECPublicKey publicKey(byte[] der, String what) {
        try {
            PublicKey key = KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(der));
            return checked(key, what);
        } catch (GeneralSecurityException e) {
            throw wrongKey(what);
        }
    }

    /// @throws ArtifactException unless it is a key of one of the curves
    static ECPublicKey checked(PublicKey key, String what) {
        if (!(key instanceof ECPublicKey ec)) throw wrongKey(what);
        curve(ec, what);
        return ec;
    }

    /// @param pem a PKCS #8 text without a password
    /// @throws ArtifactException unless it holds one private key of one of the curves
    static ECPrivateKey privateKey(byte[] pem, String what) {
        List<Pem.Block> blocks = Refusals.pem(pem, what);
        if (blocks.size() != 1 || !blocks.getFirst().label().equals(Pem.PRIVATE_KEY))
            throw Refusals.files(
                    "%s is a PEM file of '%s', needed is one unencrypted '%s': convert it with 'openssl pkcs8 -topk8 -nocrypt'",
                    what, blocks.getFirst().label(), Pem.PRIVATE_KEY);
        try {
            PrivateKey key = KeyFactory.getInstance("EC")
                    .generatePrivate(new PKCS8EncodedKeySpec(blocks.getFirst().der()));
            if (!(key instanceof ECPrivateKey ec)) throw wrongKey(what);
            curve(ec, what);
            return ec;
        } catch (GeneralSecurityException e) {
            throw wrongKey(what);
        }
    }

    /// A new pair on P-256.
    static KeyPair generate() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(Curve.P256.parameters);
            return generator.generateKeyPair();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform has P-256", e);
        }
    }

    /// The public half of a private key.
    static ECPublicKey publicKey(ECPrivateKey key) {
        /* Java derives none. What two parties agree on by Diffie-Hellman is the x of (private key × public point); with the
         * curve's generator as that point it is the x of the public key. Two points have that x: the one is it that
         * verifies what the private key signs. No arithmetic of ours touches the private key. */
        try {
            ECParameterSpec curve = key.getParams();
            KeyFactory factory = KeyFactory.getInstance("EC");
            KeyAgreement agreement = KeyAgreement.getInstance("ECDH");
            agreement.init(key);
            agreement.doPhase(factory.generatePublic(new ECPublicKeySpec(curve.getGenerator(), curve)), true);
            BigInteger x = new BigInteger(1, agreement.generateSecret());
            BigInteger p = ((ECFieldFp) curve.getCurve().getField()).getP();
            BigInteger square = x.pow(3)
                    .add(curve.getCurve().getA().multiply(x))
                    .add(curve.getCurve().getB())
                    .mod(p);
            BigInteger y = square.modPow(p.add(BigInteger.ONE).shiftRight(2), p); // p = 3 mod 4 on all three curves
            byte[] probe = sign(key, new byte[0]);
            for (BigInteger candidate : List.of(y, p.subtract(y))) {
                var point = new ECPoint(x, candidate);
                if (factory.generatePublic(new ECPublicKeySpec(point, curve)) instanceof ECPublicKey found
                        && verifies(found, new byte[0], probe)) return found;
            }
        } catch (GeneralSecurityException e) {
            throw wrongKey("the private key");
        }
        throw wrongKey("the private key");
    }

    static byte[] sign(ECPrivateKey key, byte[] message) {
        try {
            Signature signature = Signature.getInstance(curve(key, "the private key").algorithm);
            signature.initSign(key);
            signature.update(message);
            return signature.sign();
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("signing failed", e);
        }
    }

    /// Whether `signature` is a DER signature of `message` by `key`.
    static boolean verifies(ECPublicKey key, byte[] message, byte[] signature) {
        try {
            Signature check = Signature.getInstance(curve(key, "the public key").algorithm);
            check.initVerify(key);
            check.update(message);
            return check.verify(signature);
        } catch (SignatureException malformed) {
            return false;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every Java platform verifies ECDSA", e);
        }
    }

    private static Curve curve(ECKey key, String what) {
        for (Curve curve : Curve.values()) if (curve.has(key.getParams())) return curve;
        throw wrongKey(what);
    }

    private static ArtifactException wrongKey(String what) {
        return Refusals.files(
                "%s is no key of the curves P-256, P-384 and P-521: models are signed with one of them", what);
    }
}
