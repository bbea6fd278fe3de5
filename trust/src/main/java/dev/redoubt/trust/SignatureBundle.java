package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import dev.redoubt.base.json.JsonLimits;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A sigstore bundle v0.3 around one DSSE envelope with one signature: what OpenSSF Model Signing writes to
/// `model.sig`. Nothing in it is believed before [ModelSignature] has checked it.
///
/// @param payload the signed bytes, not parsed yet
/// @param signature DER
record SignatureBundle(byte[] payload, byte[] signature, Material material) {
    /* Strict on purpose: a field that is unknown, missing or given twice, base64 that another writer would
     * spell differently, a second signature: refused. One bundle, one reading. */
    static final int BYTES_MAX = 16 << 20;
    static final String MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json";
    static final String PAYLOAD_TYPE = "application/vnd.in-toto+json";
    private static final String WHAT = "signature bundle";
    private static final JsonLimits LIMITS = new JsonLimits(BYTES_MAX, 8, 1_000, BYTES_MAX, 64, 20);
    private static final int CERTIFICATES_MAX = 8;

    /// What the bundle says about its signer: it selects among pinned signers.
    sealed interface Material permits KeyHint, Chain {}

    /// @param hint hex SHA-256 of the signer's public key, by convention of its PEM text; empty if there is none
    record KeyHint(String hint) implements Material {}

    /// @param certificates the signer's first
    record Chain(List<X509Certificate> certificates) implements Material {}

    /// @throws ArtifactException if anything is not as the format says
    static SignatureBundle parse(byte[] text) {
        if (text.length == 0) throw refused("is empty");
        JsonNode root = JsonText.object(text, LIMITS, Refusals.FILES, WHAT);
        String mediaType = string(root, "mediaType");
        if (!mediaType.equals(MEDIA_TYPE))
            throw refused(
                    "has the mediaType '" + StrangerText.shown(mediaType) + "', expected is '" + MEDIA_TYPE + "'");
        fields(root, Set.of("mediaType", "verificationMaterial", "dsseEnvelope"), Set.of());
        JsonNode envelope = object(root, "dsseEnvelope");
        fields(envelope, Set.of("payload", "payloadType", "signatures"), Set.of());
        String payloadType = string(envelope, "payloadType");
        if (!payloadType.equals(PAYLOAD_TYPE))
            throw refused("has the payloadType '" + StrangerText.shown(payloadType) + "', expected is '" + PAYLOAD_TYPE
                    + "'");
        JsonNode signatures = envelope.path("signatures");
        if (!signatures.isArray() || signatures.size() != 1)
            throw refused("has " + signatures.size() + " signatures, expected is 1 signature");
        JsonNode signature = signatures.get(0);
        fields(signature, Set.of("sig"), Set.of("keyid"));
        return new SignatureBundle(
                base64(string(envelope, "payload"), "payload"),
                base64(string(signature, "sig"), "signature"),
                material(object(root, "verificationMaterial")));
    }

    private static Material material(JsonNode material) {
        fields(material, Set.of(), Set.of("publicKey", "x509CertificateChain", "certificate", "tlogEntries"));
        if (material.path("tlogEntries").size() > 0)
            throw refused("is a keyless one with a log entry, allowed are those by a key or a certificate");
        if (material.has("publicKey") && material.size() - (material.has("tlogEntries") ? 1 : 0) == 1) {
            JsonNode key = object(material, "publicKey");
            fields(key, Set.of(), Set.of("hint", "rawBytes", "keyDetails"));
            if (key.has("rawBytes")) // how model-signing 1.0 named the key: its PEM text
            return new KeyHint(Sha256.of(base64(string(key, "rawBytes"), "public key")));
            return new KeyHint(key.has("hint") ? string(key, "hint") : "");
        }
        JsonNode list = JsonNodeFactory.instance.arrayNode();
        if (material.has("x509CertificateChain")) {
            JsonNode chain = object(material, "x509CertificateChain");
            fields(chain, Set.of("certificates"), Set.of());
            list = chain.path("certificates");
        } else if (material.has("certificate")) {
            list = JsonNodeFactory.instance.arrayNode().add(material.path("certificate"));
        }
        if (material.size() - (material.has("tlogEntries") ? 1 : 0) != 1 || !list.isArray() || list.isEmpty())
            throw refused("names no signer, or several: expected is one of publicKey and x509CertificateChain");
        if (list.size() > CERTIFICATES_MAX) throw refused("has over " + CERTIFICATES_MAX + " certificates");
        var certificates = new ArrayList<X509Certificate>();
        for (JsonNode certificate : list) {
            fields(certificate, Set.of("rawBytes"), Set.of());
            certificates.add(Signer.certificate(base64(string(certificate, "rawBytes"), "certificate"), WHAT));
        }
        return new Chain(List.copyOf(certificates));
    }

    /// What the signature is over.
    static byte[] signedBytes(byte[] payload) {
        return SignedReport.signedBytes(PAYLOAD_TYPE, payload);
    }

    /// The text that [#parse] reads.
    byte[] toJson() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.put("mediaType", MEDIA_TYPE);
        ObjectNode signer = root.putObject("verificationMaterial");
        switch (material) {
            case KeyHint key -> signer.putObject("publicKey").put("hint", key.hint());
            case Chain chain -> throw new IllegalStateException("bundles are written with a key, not " + chain);
        }
        signer.putArray("tlogEntries");
        ObjectNode envelope = root.putObject("dsseEnvelope");
        envelope.put("payload", Base64.getEncoder().encodeToString(payload));
        envelope.put("payloadType", PAYLOAD_TYPE);
        envelope.putArray("signatures")
                .addObject()
                .put("sig", Base64.getEncoder().encodeToString(signature))
                .put("keyid", "");
        return JsonMapper.shared().writeValueAsBytes(root);
    }

    private static byte[] base64(String text, String what) {
        try {
            byte[] bytes = Base64.getDecoder().decode(text);
            if (bytes.length > 0 && Base64.getEncoder().encodeToString(bytes).equals(text)) return bytes;
        } catch (IllegalArgumentException e) {
            throw refused("has a " + what + " that is not base64");
        }
        throw refused("has a " + what + " that is empty or not plain base64");
    }

    private static JsonNode object(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isObject()) throw refused("has no object '" + field + "'");
        return value;
    }

    private static String string(JsonNode node, String field) {
        JsonNode value = node.path(field);
        if (!value.isString()) throw refused("has no text '" + field + "'");
        return value.stringValue();
    }

    private static void fields(JsonNode node, Set<String> required, Set<String> optional) {
        if (!node.isObject()) throw refused("has a value where an object is expected");
        for (String field : node.propertyNames())
            if (!required.contains(field) && !optional.contains(field))
                throw refused("has the unknown field '" + StrangerText.shown(field) + "'");
        for (String field : required) if (!node.has(field)) throw refused("has no field '" + field + "'");
    }

    private static ArtifactException refused(String what) {
        return Refusals.files("the %s %s: get it again from the signer", WHAT, what);
    }
}
