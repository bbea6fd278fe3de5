package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.Pem;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.testkit.Shared;
import dev.redoubt.trust.Manifest.FileFact;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// OpenSSF Model Signing: what we sign verifies, what others sign verifies, and nothing else does.
class ModelSignatureTest {
    private static final Instant NOW = Instant.parse("2026-06-01T00:00:00Z");

    @TempDir
    Path temp;

    /// Writes a private key and returns its public half.
    private Signer key(String curve, String name) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec(curve));
        KeyPair pair = generator.generateKeyPair();
        Path file = temp.resolve(name);
        Files.writeString(file, Pem.format(Pem.PRIVATE_KEY, pair.getPrivate().getEncoded()));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return Signer.ofPem(
                Pem.format(Pem.PUBLIC_KEY, pair.getPublic().getEncoded()).getBytes(StandardCharsets.US_ASCII));
    }

    private static void check(byte[] bundle, Signer signer, Map<String, byte[]> files) {
        var segments = new TreeMap<String, MemorySegment>();
        var facts = new TreeMap<String, FileFact>();
        files.forEach((name, bytes) -> {
            segments.put(name, MemorySegment.ofArray(bytes));
            facts.put(name, new FileFact(bytes.length, Sha256.of(bytes)));
        });
        ModelSignature.check(bundle, signer, NOW).matches(new ModelFiles(segments), facts, "");
    }

    private static byte[] bundle(ECPrivateKey key, String payload) {
        byte[] bytes = payload.getBytes(StandardCharsets.UTF_8);
        return new SignatureBundle(
                        bytes, EcKeys.sign(key, SignatureBundle.signedBytes(bytes)), new SignatureBundle.KeyHint(""))
                .toJson();
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = ModelSignatureTest.class.getResourceAsStream("/oms/" + name)) {
            return Objects.requireNonNull(in, name).readAllBytes();
        }
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @ParameterizedTest
    @ValueSource(strings = {"secp256r1", "secp384r1", "secp521r1"})
    void V4_2_whatWeSignIsAcceptedOnEachCurve(String curve) throws Exception {
        Signer signer = key(curve, "key.pem");
        Path folder = TinyModels.folder(temp.resolve("model"));
        Files.write(folder.resolve("model.sig"), ModelSigner.sign(folder, temp.resolve("key.pem")));
        try (VerifiedArtifact artifact = ModelPath.open(folder, Vouch.signedBy(signer))) {
            assertThat(artifact.manifest().files()).containsKey("model.sig");
        }
        // Signed again with the signature in place: the same files are covered.
        Files.write(folder.resolve("model.sig"), ModelSigner.sign(folder, temp.resolve("key.pem")));
        ModelPath.open(folder, Vouch.signedBy(signer)).close();
        Files.writeString(folder.resolve(".gitattributes"), "changed\n");
        assertThatThrownBy(() -> ModelPath.open(folder, Vouch.signedBy(signer)))
                .as("we leave out none of git's files")
                .hasMessageContaining("'.gitattributes' has changed");
    }

    @Test
    void aModelOfOneFileIsSignedAsTheWholeModel() throws Exception {
        Signer signer = key("secp256r1", "key.pem");
        Path file = Files.write(temp.resolve("tiny.gguf"), TinyModels.gguf(4));
        Path bundle = Files.write(temp.resolve("tiny.gguf.sig"), ModelSigner.sign(file, temp.resolve("key.pem")));
        var vouch = new Vouch(Optional.of(signer), Optional.of(bundle), OptionalLong.empty(), Optional.empty());
        ModelPath.open(file, vouch).close();
        Files.write(file, TinyModels.gguf(5));
        assertThatThrownBy(() -> ModelPath.open(file, vouch)).hasMessageContaining("'.' has changed");
    }

    @ParameterizedTest
    @ValueSource(strings = {"secp256r1", "secp384r1", "secp521r1"})
    void publicHalfIsDerivedFromThePrivateKey(String curve) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec(curve));
        for (int i = 0; i < 8; i++) { // half of the points have an odd y
            KeyPair pair = generator.generateKeyPair();
            assertThat(EcKeys.publicKey((ECPrivateKey) pair.getPrivate()).getEncoded())
                    .isEqualTo(pair.getPublic().getEncoded());
        }
    }

    @Test
    void V4_2_everyFlippedByteOfABundleIsRefused() throws Exception {
        Signer signer = key("secp256r1", "key.pem");
        Path file = Files.write(temp.resolve("tiny.gguf"), TinyModels.gguf(1));
        byte[] bundle = ModelSigner.sign(file, temp.resolve("key.pem"));
        Map<String, byte[]> files = Map.of("tiny.gguf", TinyModels.gguf(1));
        check(bundle, signer, files);
        for (int at = 0; at < bundle.length; at++)
            for (int bit = 0; bit < 8; bit++) {
                byte[] flipped = bundle.clone();
                flipped[at] ^= (byte) (1 << bit);
                assertThatThrownBy(() -> check(flipped, signer, files))
                        .as("byte %d, bit %d", at, bit)
                        .isInstanceOf(ArtifactException.class);
            }
    }

    @Test
    void V4_2_theSignedSetIsTheWholeSet() throws Exception {
        Signer signer = key("secp256r1", "key.pem");
        Path folder = TinyModels.folder(temp.resolve("model"));
        byte[] bundle = ModelSigner.sign(folder, temp.resolve("key.pem"));
        var files = new TreeMap<String, byte[]>();
        for (String name : List.of(
                "model.safetensors", "config.json", "tokenizer.json", "a.txt", "b.txt", "LICENSE", ".gitattributes"))
            files.put(name, Files.readAllBytes(folder.resolve(name)));
        check(bundle, signer, files);
        for (String name : List.copyOf(files.keySet())) {
            var changed = new TreeMap<>(files);
            byte[] bytes = Objects.requireNonNull(changed.remove(name));
            assertThatThrownBy(() -> check(bundle, signer, changed)).hasMessageContaining("'" + name + "' is missing");
            changed.put(name + "x", bytes);
            assertThatThrownBy(() -> check(bundle, signer, changed))
                    .hasMessageContainingAll("'" + name + "' is missing", "'" + name + "x' is extra");
            changed.remove(name + "x");
            changed.put(name, new byte[bytes.length]);
            assertThatThrownBy(() -> check(bundle, signer, changed)).hasMessageContaining("'" + name + "' has changed");
        }
        var swapped = new TreeMap<>(files);
        swapped.put("a.txt", Objects.requireNonNull(files.get("b.txt")));
        swapped.put("b.txt", Objects.requireNonNull(files.get("a.txt")));
        assertThatThrownBy(() -> check(bundle, signer, swapped))
                .hasMessageContainingAll("'a.txt' has changed", "'b.txt' has changed");
        assertThatThrownBy(() -> check(bundle, key("secp256r1", "other.pem"), files))
                .hasMessageContaining("another key");
    }

    @Test
    void V4_2_shardsAreComparedOneByOneAndEmptyFilesAreRefused() throws Exception {
        KeyPair pair = EcKeys.generate();
        Signer signer =
                Signer.ofPem(text(Pem.format(Pem.PUBLIC_KEY, pair.getPublic().getEncoded())));
        byte[] weights = new byte[2_500];
        for (int i = 0; i < weights.length; i++) weights[i] = (byte) i;
        var resources = new LinkedHashMap<String, String>();
        for (int start = 0; start < weights.length; start += 1_024) {
            int end = Math.min(start + 1_024, weights.length);
            resources.put("w.gguf:" + start + ":" + end, Sha256.of(java.util.Arrays.copyOfRange(weights, start, end)));
        }
        String whole = new String(new SignedStatement(0, resources, Set.of()).toJson("m"), StandardCharsets.UTF_8)
                .replace("\"method\":\"files\"", "\"method\":\"shards\",\"shard_size\":1024")
                .replace("\"algorithm\":\"sha256\"", "\"algorithm\":\"sha256-sharded-1024\"");
        byte[] bundle = bundle((ECPrivateKey) pair.getPrivate(), whole);
        check(bundle, signer, Map.of("w.gguf", weights));
        byte[] changed = weights.clone();
        changed[1_024] ^= 1;
        assertThatThrownBy(() -> check(bundle, signer, Map.of("w.gguf", changed)))
                .hasMessageContaining("'w.gguf:1024:2048' has changed")
                .hasMessageNotContaining("w.gguf:0:");
        assertThatThrownBy(() -> check(bundle, signer, Map.of("w.gguf", new byte[2_499])))
                .hasMessageContainingAll("'w.gguf:2048:2500' is missing", "'w.gguf:2048:2499' is extra");
        assertThatThrownBy(() -> check(bundle, signer, Map.of("w.gguf", weights, "empty.txt", new byte[0])))
                .hasMessageContaining("'empty.txt' is empty");
        for (String name :
                List.of("w.gguf", "w.gguf:0", "w.gguf:0:0", "w.gguf:00:5", "w.gguf:-1:5", "a:b:0:5", "../w:0:5"))
            assertThatThrownBy(() -> check(
                            bundle((ECPrivateKey) pair.getPrivate(), whole.replace("w.gguf:0:1024", name)),
                            signer,
                            Map.of("w.gguf", weights)))
                    .hasMessageContaining("name");
    }

    @Test
    void policyIsOursWhateverTheStatementSays() throws Exception {
        KeyPair pair = EcKeys.generate();
        Signer signer =
                Signer.ofPem(text(Pem.format(Pem.PUBLIC_KEY, pair.getPublic().getEncoded())));
        var resources = new LinkedHashMap<>(Map.of("a.txt", Sha256.of(text("a"))));
        String good = new String(
                new SignedStatement(0, resources, Set.of(".git", "model.sig")).toJson("m"), StandardCharsets.UTF_8);
        check(bundle((ECPrivateKey) pair.getPrivate(), good), signer, Map.of("a.txt", text("a")));
        Map<String, String> lies = Map.of(
                "\"allow_symlinks\":false", "\"allow_symlinks\":true",
                "\"hash_type\":\"sha256\"", "\"hash_type\":\"blake2b\"",
                "\"method\":\"files\"", "\"method\":\"trees\"",
                "\".git\"", "\"a.txt\"",
                "\"name\":\"m\"", "\"name\":\"m\",\"digest\":{}",
                "Statement/v1", "Statement/v0.1",
                "signature/v1.0", "signature/v2.0",
                "\"algorithm\":\"sha256\"", "\"algorithm\":\"sha1\"");
        lies.forEach((what, lie) -> {
            assertThat(good).contains(what);
            assertThatThrownBy(() -> check(
                            bundle((ECPrivateKey) pair.getPrivate(), good.replace(what, lie)),
                            signer,
                            Map.of("a.txt", text("a"))))
                    .as(lie)
                    .isInstanceOf(ArtifactException.class);
        });
        for (String name :
                List.of("/a.txt", "../a.txt", "./a.txt", "x//a.txt", "a\\\\b", "a\\u0000", "é.txt", "con", "a.", ""))
            assertThatThrownBy(() -> check(
                            bundle((ECPrivateKey) pair.getPrivate(), good.replace("\"a.txt\"", "\"" + name + "\"")),
                            signer,
                            Map.of("a.txt", text("a"))))
                    .as(name)
                    .isInstanceOf(ArtifactException.class)
                    .hasMessageMatching(".*(name|path).*");
    }

    @Test
    void othersBundlesAreUnderstood() throws IOException {
        Signer key = Signer.ofPem(resource("signing-key-pub.pem"));
        Signer root = Signer.ofPem(resource("ca-cert.pem"));
        Map<String, byte[]> byKey = Map.of("signme-1", text("signme-1\n"), "signme-2", text("signme-2"));
        Map<String, byte[]> byCertificate = Map.of("signme-1", text("signme-1"), "signme-2", text("signme-2"));
        check(resource("v1.0.1-elliptic-key.sig"), key, byKey);
        check(resource("v1.0.0-elliptic-key.sig"), key, Map.of("signme-1", text("signme-1\n")));
        check(resource("v1.0.0-certificate.sig"), root, byCertificate);
        for (String version : List.of("v1.1.0-elliptic-key.sig", "v1.1.0-certificate.sig"))
            assertThatThrownBy(() -> check(resource(version), version.contains("key") ? key : root, byKey))
                    .hasMessageContaining("'ignore-me' in ignore_paths");
        assertThatThrownBy(() -> check(resource("v1.0.0-certificate.sig"), root, byKey))
                .hasMessageContaining("'signme-1' has changed");
        assertThatThrownBy(() -> check(resource("v1.0.0-certificate.sig"), key, byCertificate))
                .hasMessageContaining("pinned signer is a key");
        assertThatThrownBy(() -> check(resource("v1.0.1-elliptic-key.sig"), root, byKey))
                .hasMessageContaining("pinned signer is a certificate");
    }

    @Test
    void certificatesMustBeValidWhenTheModelIsLoadedAndLeadToAPinnedOne() throws Exception {
        byte[] bundle = resource("v1.0.0-certificate.sig");
        Signer root = Signer.ofPem(resource("ca-cert.pem"));
        ModelSignature.check(bundle, root, Instant.parse("2025-05-03T00:00:00Z"));
        ModelSignature.check(bundle, root, Instant.parse("2035-04-30T00:00:00Z"));
        for (String when : List.of("2025-05-02T00:00:00Z", "2035-05-01T00:00:00Z"))
            assertThatThrownBy(() -> ModelSignature.check(bundle, root, Instant.parse(when)))
                    .hasMessageContaining("certificate is valid from");
        // The signer's own certificate may be pinned in place of a root.
        var chain = (SignatureBundle.Chain) SignatureBundle.parse(bundle).material();
        byte[] leaf = chain.certificates().getFirst().getEncoded();
        byte[] intermediate = chain.certificates().get(1).getEncoded();
        for (byte[] pinned : List.of(leaf, intermediate))
            ModelSignature.check(bundle, Signer.ofPem(text(Pem.format(Pem.CERTIFICATE, pinned))), NOW);
        Signer stranger = Signer.ofPem(text(Pem.format(Pem.CERTIFICATE, certificate(temp, "CN=somebody"))));
        assertThatThrownBy(() -> ModelSignature.check(bundle, stranger, Instant.now()))
                .hasMessageContaining("do not lead to a pinned one");
    }

    /// A self-signed certificate, made by the JDK's own tool.
    static byte[] certificate(Path folder, String name) throws Exception {
        Path store = folder.resolve("keys.p12");
        run(
                "-genkeypair",
                "-alias",
                "a",
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                name,
                "-keystore",
                store.toString(),
                "-storepass",
                "changeit",
                "-ext",
                "ku=digitalSignature",
                "-startdate",
                "-1d");
        Path out = folder.resolve("out.der");
        run(
                "-exportcert",
                "-alias",
                "a",
                "-keystore",
                store.toString(),
                "-storepass",
                "changeit",
                "-file",
                out.toString());
        return Files.readAllBytes(out);
    }

    private static void run(String... arguments) throws Exception {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(tool.waitFor()).as(said).isZero();
    }

    @Test
    void filesThatAreNoKeysAreNamed() throws Exception {
        key("secp256r1", "key.pem");
        Path folder = TinyModels.folder(temp.resolve("model"));
        Path open = Files.copy(temp.resolve("key.pem"), temp.resolve("open.pem"));
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
        assertThatThrownBy(() -> ModelSigner.sign(folder, open))
                .hasMessageContaining("can be read or written by others");
        Path other = Files.write(temp.resolve("other.pem"), resource("signing-key-pub.pem"));
        Files.setPosixFilePermissions(other, PosixFilePermissions.fromString("rw-------"));
        assertThatThrownBy(() -> ModelSigner.sign(folder, other)).hasMessageContaining("needed is one unencrypted");
        for (String pem : List.of(
                "",
                "hello",
                "-----BEGIN PUBLIC KEY-----\n!!!!\n-----END PUBLIC KEY-----",
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
                "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
                Files.readString(temp.resolve("key.pem")),
                rsa(),
                "x".repeat(70_000)))
            assertThatThrownBy(() -> Signer.ofPem(text(pem))).isInstanceOf(ArtifactException.class);
        Files.writeString(folder.resolve("evil.py"), "print()\n");
        assertThatThrownBy(() -> ModelSigner.sign(folder, temp.resolve("key.pem")))
                .as("what we refuse to load we refuse to sign")
                .hasMessageContaining("evil.py");
    }

    private static String rsa() throws Exception {
        return Pem.format(
                Pem.PUBLIC_KEY,
                KeyPairGenerator.getInstance("RSA")
                        .generateKeyPair()
                        .getPublic()
                        .getEncoded());
    }

    @Test
    void V4_2_signedFoldersOfTheCorpusGetTheirVerdict() throws Exception {
        Path corpus = Shared.testdata("hostile");
        JsonNode manifest =
                new StrictJson(JsonLimits.MODEL_FILE).parse(Files.readAllBytes(corpus.resolve("manifest.json")));
        var wrong = new ArrayList<String>();
        int judged = 0;
        for (JsonNode hostile : manifest.required("cases")) {
            boolean ours = Set.of("md.manifest", "md.exact_set", "md.accept")
                    .contains(hostile.path("class").asString());
            if (!ours || !hostile.has("signer") || hostile.has("recipe") || hostile.has("adapter")) continue;
            judged++;
            String id = hostile.path("id").asString();
            Signer signer = Signer.ofPem(
                    Files.readAllBytes(corpus.resolve(hostile.path("signer").asString())));
            boolean accept = hostile.path("expect").asString().equals("accept");
            try {
                ModelPath.open(corpus.resolve(hostile.path("path").asString()), Vouch.signedBy(signer))
                        .close();
                if (!accept) wrong.add(id + ": accepted");
            } catch (ArtifactException e) {
                String message = String.valueOf(e.getMessage()).toLowerCase(Locale.ROOT);
                if (accept) wrong.add(id + ": " + message);
                if (!e.rule().equals(hostile.path("rule").asString())) wrong.add(id + ": rule " + e.rule());
                for (JsonNode reason : hostile.path("reason_contains"))
                    if (Stream.of(reason.asString().toLowerCase(Locale.ROOT).split("\\|"))
                            .noneMatch(message::contains)) wrong.add(id + ": " + message + " does not name " + reason);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(judged).isGreaterThan(35);
    }

    @Test
    void base64HasOneSpelling() throws Exception {
        KeyPair pair = EcKeys.generate();
        String good = new String(bundle((ECPrivateKey) pair.getPrivate(), "{}"), StandardCharsets.UTF_8);
        String payload = Base64.getEncoder().encodeToString(text("{}"));
        SignatureBundle.parse(text(good));
        for (String other : List.of("e30", "e31=", "e30=\\n", " e30=", ""))
            assertThatThrownBy(() -> SignatureBundle.parse(text(good.replace(payload, other))))
                    .hasMessageContaining("base64");
    }
}
