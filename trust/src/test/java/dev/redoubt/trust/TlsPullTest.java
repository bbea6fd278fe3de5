package dev.redoubt.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// V4.4: pulls over TLS, against hubs with a certificate of our own authority.
class TlsPullTest {
    private static final ModelSource.Hub HUB = new ModelSource.Hub("someone/tiny", "0123abcd", "tiny.gguf");

    @TempDir
    Path temp;

    private final byte[] model = TinyModels.gguf(10_000);
    private final SSLContext before = SSLContext.getDefault();

    @TempDir
    static Path keyFolder;

    private static SSLContext tls;

    TlsPullTest() throws Exception {}

    /// An authority and a certificate of it for this machine; this JVM believes the authority, as one would
    /// that an organisation has set up.
    @BeforeAll
    @SuppressWarnings("NullAway") // JUnit fills the folder in
    static void authority() throws Exception {
        String store = keyFolder.resolve("keys.p12").toString();
        List<String> password = List.of("-keystore", store, "-storepass", "changeit");
        keytool(
                password,
                "-genkeypair",
                "-alias",
                "ca",
                "-keyalg",
                "EC",
                "-dname",
                "CN=test authority",
                "-ext",
                "bc:c");
        keytool(password, "-genkeypair", "-alias", "hub", "-keyalg", "EC", "-dname", "CN=hub");
        String request = keyFolder.resolve("hub.csr").toString();
        String signed = keyFolder.resolve("hub.pem").toString();
        keytool(password, "-certreq", "-alias", "hub", "-file", request);
        keytool(
                password,
                "-gencert",
                "-alias",
                "ca",
                "-infile",
                request,
                "-outfile",
                signed,
                "-ext",
                "san=ip:127.0.0.1,dns:localhost");
        keytool(password, "-importcert", "-alias", "hub", "-file", signed, "-noprompt");

        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(keyFolder.resolve("keys.p12"))) {
            keys.load(in, "changeit".toCharArray());
        }
        KeyStore believed = KeyStore.getInstance("PKCS12");
        believed.load(null, null);
        believed.setCertificateEntry("ca", keys.getCertificate("ca"));
        keys.deleteEntry("ca");
        KeyManagerFactory own = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, "changeit".toCharArray());
        TrustManagerFactory others = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        others.init(believed);
        tls = SSLContext.getInstance("TLS");
        tls.init(own.getKeyManagers(), others.getTrustManagers(), null);
    }

    @BeforeEach
    void believe() {
        SSLContext.setDefault(tls);
    }

    @AfterEach
    void restore() {
        SSLContext.setDefault(before);
    }

    private static void keytool(List<String> more, String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(more);
        Process tool = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(tool.waitFor()).as(said).isZero();
    }

    private StoreEntry pull(String endpoint) {
        var store = new ModelStore(temp.resolve("models"));
        return new ModelPull(store, temp, Map.of("HF_ENDPOINT", endpoint, "HF_TOKEN", "hf_secret"), Duration.ZERO)
                .pull(TinyModels.entry(model, HUB), PullProgress.SILENT);
    }

    private void assertNothingWasTaken() {
        assertThat(new ModelStore(temp.resolve("models")).list()).isEmpty();
    }

    @Test
    void V4_4_overTlsTheTokenGoesToTheHubAndARedirectElsewhereDropsIt() throws IOException {
        try (var storage = new HubServer(HubServer.file(model, Integer.MAX_VALUE), tls);
                var hub = new HubServer(
                        HubServer.status(302, "Location: " + storage.address("localhost") + "/blob\r\n"), tls)) {
            assertThat(pull(hub.address()).name()).isEqualTo("tiny");
            assertThat(hub.requests()).singleElement().asString().contains("Authorization: Bearer hf_secret");
            assertThat(storage.requests())
                    .singleElement()
                    .asString()
                    .startsWith("GET /blob ")
                    .doesNotContain("hf_secret")
                    .doesNotContainIgnoringCase("Authorization");
        }
    }

    @Test
    void V4_4_fromTlsNoRedirectLeadsToPlainHttp() throws IOException {
        try (var plain = new HubServer(HubServer.file(model, Integer.MAX_VALUE));
                var hub = new HubServer(HubServer.status(302, "Location: " + plain.address() + "/blob\r\n"), tls)) {
            assertThatThrownBy(() -> pull(hub.address())).hasMessageContaining("from https to plain http");
            assertThat(plain.requests()).isEmpty();
        }
        assertNothingWasTaken();
    }

    @Test
    void V4_4_plainHttpToAnotherMachineIsRefused() throws IOException {
        for (String endpoint : List.of("http://192.0.2.1", "http://hub.example", "ftp://hub.example", "file:///etc"))
            assertThatThrownBy(() -> pull(endpoint)).hasMessageContaining("only https is followed");
        try (var hub = new HubServer(HubServer.status(302, "Location: http://192.0.2.1/blob\r\n"), tls)) {
            assertThatThrownBy(() -> pull(hub.address())).hasMessageContaining("only https is followed");
        }
        assertNothingWasTaken();
    }

    @Test
    void V4_4_aHubThatNobodyVouchesForIsRefused() throws IOException {
        SSLContext.setDefault(before);
        try (var hub = new HubServer(HubServer.file(model, Integer.MAX_VALUE), tls)) {
            assertThatThrownBy(() -> pull(hub.address())).hasMessageContaining("SSLHandshakeException");
            assertThat(hub.requests()).noneMatch(request -> request.contains("hf_secret"));
        }
        SSLContext.setDefault(tls);
        try (var hub = new HubServer(HubServer.file(model, Integer.MAX_VALUE), tls)) {
            assertThatThrownBy(() -> pull(hub.address("127.0.0.2")))
                    .as("a name that the certificate lacks")
                    .isInstanceOf(ArtifactException.class);
            assertThat(hub.requests()).noneMatch(request -> request.contains("hf_secret"));
        }
        assertNothingWasTaken();
    }

    @Test
    void V4_4_overTlsNoMoreThanTheEntrysBytesAreTaken() throws IOException {
        HubServer.Answer endless = (request, out) -> {
            out.write("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            for (int i = 0; i < 100; i++) out.write(model);
        };
        try (var hub = new HubServer(endless, tls)) {
            assertThatThrownBy(() -> pull(hub.address())).hasMessageContaining("sends more than the expected");
        }
        try (var hub = new HubServer(HubServer.file(new byte[model.length + 1], Integer.MAX_VALUE), tls)) {
            assertThatThrownBy(() -> pull(hub.address())).hasMessageContaining("bytes, expected are");
        }
        assertNothingWasTaken();
    }
}
