package dev.redoubt.trust;

import dev.redoubt.base.Pem;
import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.time.Instant;
import java.util.Base64;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A report in a DSSE envelope: its bytes and one signature over them and their type.
public final class SignedReport {
    private static final String WHAT = "signed report";
    private static final int BYTES_MAX = 16 << 20;
    private static final JsonLimits LIMITS = new JsonLimits(BYTES_MAX, 8, 100, BYTES_MAX, 64, 20);

    private SignedReport() {}

    /// @param type of the report, such as `application/vnd.example+json`
    /// @param keyFile as [ModelSigner#sign] takes it
    /// @return the envelope, JSON
    /// @throws ArtifactException if the key is refused
    public static byte[] sign(byte[] report, String type, Path keyFile) throws IOException {
        ECPrivateKey key = ModelSigner.privateKey(keyFile);
        String publicPem = Pem.format(Pem.PUBLIC_KEY, EcKeys.publicKey(key).getEncoded());
        Base64.Encoder base64 = Base64.getEncoder();
        ObjectNode envelope = JsonNodeFactory.instance.objectNode();
        envelope.put("payload", base64.encodeToString(report)).put("payloadType", type);
        envelope.putArray("signatures")
                .addObject()
                .put("sig", base64.encodeToString(EcKeys.sign(key, signedBytes(type, report))))
                .put("keyid", Sha256.of(publicPem.getBytes(StandardCharsets.US_ASCII)));
        return JsonMapper.shared().writeValueAsBytes(envelope);
    }

    /// @param type that the report must have
    /// @param signer a key
    /// @return the report, as it was signed
    /// @throws ArtifactException if the envelope is malformed, of another type, or not signed by this signer
    public static byte[] open(byte[] envelope, String type, Signer signer) {
        JsonNode root = JsonText.object(envelope, LIMITS, Refusals.FILES, WHAT);
        if (!text(root, "payloadType").equals(type))
            throw Refusals.files(
                    "the %s has the payloadType '%s', expected is '%s': name another file",
                    WHAT, StrangerText.shown(text(root, "payloadType")), type);
        JsonNode signatures = root.path("signatures");
        if (signatures.size() != 1)
            throw Refusals.files("the %s has %d signatures, expected is 1: get it again", WHAT, signatures.size());
        byte[] report = bytes(root, "payload");
        JsonNode signature = signatures.get(0);
        ECPublicKey key = signer.keyFor(new SignatureBundle.KeyHint(text(signature, "keyid")), Instant.EPOCH);
        if (!EcKeys.verifies(key, signedBytes(type, report), bytes(signature, "sig")))
            throw Refusals.files("the signature is not one of the given key over this report: do not believe it");
        return report;
    }

    /// What a DSSE signature is over: the pre-authentication encoding, which binds the payload's type and length.
    static byte[] signedBytes(String type, byte[] payload) {
        byte[] head = ("DSSEv1 " + type.length() + " " + type + " " + payload.length + " ")
                .getBytes(StandardCharsets.US_ASCII);
        byte[] all = new byte[head.length + payload.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(payload, 0, all, head.length, payload.length);
        return all;
    }

    private static byte[] bytes(JsonNode node, String field) {
        try {
            return Base64.getDecoder().decode(text(node, field));
        } catch (IllegalArgumentException e) {
            throw Refusals.files("the %s has no base64 in '%s': get it again", WHAT, field);
        }
    }

    private static String text(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isString()) throw Refusals.files("the %s has no text '%s': get it again", WHAT, field);
        return value.stringValue();
    }
}
