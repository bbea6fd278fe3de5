package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/// A server on all addresses, by its configuration file, and clients that know its authority.
@Execution(ExecutionMode.SAME_THREAD)
final class TlsTest {
    @TempDir
    private Path folder;

    private Path tls;
    private Context context;
    private String key;
    private String foreignKey;
    private Server server;

    @BeforeEach
    void start() throws IOException {
        Path home = folder.resolve("home");
        tls = folder.resolve("tls");
        context = new Context(
                new Home(home.toAbsolutePath()), Console.of(new ByteArrayOutputStream(), new ByteArrayOutputStream()));
        try (AuditLog audit = AuditLog.open(context.home());
                KeyStore keys = KeyStore.open(context.home(), audit)) {
            key = keys.create("local", Set.of(Scope.INFERENCE)).secret();
            foreignKey = keys.create("bank", Set.of(Scope.INFERENCE)).secret();
        }
        DevCertificates authority = DevCertificates.open(tls, Instant.now());
        authority.issue("server", List.of("localhost", "127.0.0.1"));
        String client = authority.issue("client", List.of());
        authority.issue("stranger", List.of());
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 11);
        new LocalModels(context).store().add(model, "tiny");
        Path file = Files.writeString(folder.resolve("redoubt.yaml"), """
                http:
                  host: 0.0.0.0
                  port: 0
                  grpc-port: 0
                  tls:
                    certificate: tls/server.crt
                    key: file:tls/server.key
                    client-ca: tls/ca.crt
                    client-certificates:
                      - {fingerprint: "%s", application: local, scopes: [inference]}
                applications: [{name: local}]
                model: {name: tiny, cpu: 2, memory: 1GiB, max-ongoing-requests: 100}
                """.formatted(client));
        ServerConfig config = ServerConfigReader.read(file, LocalDate.now(ZoneOffset.UTC));
        server = Server.start(context, new LocalModels(context), config);
    }

    @AfterEach
    void stop() {
        server.close(); // a second time where a test did so
    }

    private URI uri(String path) {
        return URI.create("https://localhost:" + server.port() + path);
    }

    private HttpResponse<String> send(SSLContext ssl, HttpRequest request) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newBuilder().sslContext(ssl).build()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }

    private HttpRequest completion(boolean withKey) {
        HttpRequest.Builder request = HttpRequest.newBuilder(uri("/v1/completions"))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"model\":\"tiny\",\"prompt\":\"Once\",\"max_tokens\":4}"));
        return (withKey ? request.header("Authorization", "Bearer " + key) : request).build();
    }

    @Test
    void R1_2_beyondLoopbackWithTlsAndKeysItServes() throws Exception {
        HttpResponse<String> good = send(trusting(""), completion(true));
        assertThat(good.statusCode()).as(good.body()).isEqualTo(200);
        assertThat(good.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
        assertThat(send(trusting(""), completion(false)).statusCode()).isEqualTo(401);
        // plain HTTP on the same port gets no answer
        URI plain = URI.create("http://localhost:" + server.port() + "/livez");
        assertThatThrownBy(
                        () -> send(trusting(""), HttpRequest.newBuilder(plain).build()))
                .isInstanceOf(IOException.class);
    }

    @Test
    void R1_1_handshakesThatNeverEndKeepNobodyOut() throws Exception {
        for (int port : new int[] {server.port(), server.grpcPort()}) {
            List<Socket> silent = new ArrayList<>();
            try {
                for (int i = 0; i < 1100; i++) silent.add(new Socket("127.0.0.1", port));
                Socket oldest = silent.getFirst();
                oldest.setSoTimeout(5000); // half of what a handshake may take
                assertThat(oldest.getInputStream().read()).isEqualTo(-1);
                assertThat(send(trusting(""), completion(true)).statusCode()).isEqualTo(200);
            } finally {
                for (Socket socket : silent) socket.close();
            }
        }
    }

    @Test
    void R1_2_gRpcHasTheSameTls() throws Exception {
        URI call = URI.create("https://localhost:" + server.grpcPort() + "/redoubt.v1.Application/Call");
        HttpRequest request = HttpRequest.newBuilder(call)
                .header("Content-Type", "application/grpc")
                .POST(HttpRequest.BodyPublishers.ofByteArray(new byte[5]))
                .build();
        HttpResponse<String> reply = send(trusting(""), request); // without a key: a status and no message
        assertThat(reply.version()).isEqualTo(HttpClient.Version.HTTP_2);
        assertThat(reply.headers().firstValue("content-type")).hasValue("application/grpc");
        assertThat(reply.body()).isEmpty();
        URI plain = URI.create("http" + call.toString().substring("https".length()));
        assertThatThrownBy(
                        () -> send(trusting(""), HttpRequest.newBuilder(plain).build()))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> send(SSLContext.getDefault(), request)).isInstanceOf(IOException.class);
    }

    @Test
    void R4_3_keysOfAnApplicationThatIsNotServedAreNobodys() throws Exception {
        for (String refused : List.of(foreignKey, "rdt_" + "A".repeat(43))) {
            HttpRequest request = HttpRequest.newBuilder(uri("/v1/models"))
                    .header("Authorization", "Bearer " + refused)
                    .build();
            assertThat(send(trusting(""), request).statusCode()).isEqualTo(401);
        }
    }

    @Test
    void R1_2_olderTlsIsRefused() throws Exception {
        for (String version : List.of("TLSv1.2", "TLSv1.3")) {
            try (SSLSocket socket = (SSLSocket)
                    trusting("").getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.port())) {
                socket.setEnabledProtocols(new String[] {version});
                if (version.equals("TLSv1.3")) socket.startHandshake();
                else assertThatThrownBy(socket::startHandshake).isInstanceOf(SSLException.class);
            }
        }
    }

    @Test
    void aClientCertificateStandsForAKey() throws Exception {
        assertThat(send(trusting("client"), completion(false)).statusCode()).isEqualTo(200);
        // of the same authority, but nobody that is known
        assertThat(send(trusting("stranger"), completion(false)).statusCode()).isEqualTo(401);
        // a wrong key is not made good by a certificate
        HttpRequest wrong = HttpRequest.newBuilder(uri("/v1/models"))
                .header("Authorization", "Bearer rdt_wrong")
                .build();
        assertThat(send(trusting("client"), wrong).statusCode()).isEqualTo(401);
    }

    @Test
    void theFramingOfRequestsIsGuardedBehindTls() throws Exception {
        try (SSLSocket socket = (SSLSocket)
                trusting("").getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.getOutputStream().write("""
                    POST /v1/completions HTTP/1.1\r
                    Host: localhost\r
                    Authorization: Bearer %s\r
                    Content-Type: application/json\r
                    Content-Length: 3\r
                    Transfer-Encoding: chunked\r
                    \r
                    0\r
                    \r
                    GET /v1/models HTTP/1.1\r
                    Host: localhost\r
                    \r
                    """.formatted(key).getBytes(StandardCharsets.US_ASCII));
            String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 400 ").containsOnlyOnce("HTTP/1.1");
        }
    }

    @Test
    void aRenewedCertificateIsTakenWithoutARestart() throws Exception {
        String before = presented();
        DevCertificates.open(tls, Instant.now()).issue("server", List.of("localhost", "127.0.0.1"));
        long deadline = System.nanoTime() + Duration.ofSeconds(40).toNanos();
        while (presented().equals(before) && System.nanoTime() < deadline) Thread.onSpinWait();
        assertThat(presented()).isNotEqualTo(before);
        assertThat(send(trusting(""), completion(true)).statusCode()).isEqualTo(200);
        server.close();
        assertThat(Ran.command(context.home().root(), "audit-log", "tail", "-n", "20")
                        .out()
                        .lines())
                .filteredOn(line -> line.contains("  certificate.renew  server  -  sha256:"))
                .satisfiesExactly(
                        line -> assertThat(line).contains("  begun  "),
                        line -> assertThat(line).contains("  done  "));
    }

    private String presented() throws IOException, GeneralSecurityException {
        try (SSLSocket socket = (SSLSocket)
                trusting("").getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.port())) {
            return ((X509Certificate) socket.getSession().getPeerCertificates()[0])
                    .getSerialNumber()
                    .toString();
        }
    }

    /// @param client whose certificate is presented; empty: none
    private SSLContext trusting(String client) throws IOException, GeneralSecurityException {
        java.security.KeyStore store = java.security.KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setCertificateEntry("ca", certificates("ca")[0]);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        KeyManager[] keys = null;
        if (!client.isEmpty()) {
            String pem = Files.readString(tls.resolve(client + ".key")).replaceAll("-----[A-Z ]+-----", "");
            PKCS8EncodedKeySpec spec =
                    new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(pem));
            java.security.KeyStore own = java.security.KeyStore.getInstance("PKCS12");
            own.load(null, null);
            own.setKeyEntry(
                    "own", KeyFactory.getInstance("EC").generatePrivate(spec), new char[0], certificates(client));
            KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            factory.init(own, new char[0]);
            keys = factory.getKeyManagers();
        }
        SSLContext ssl = SSLContext.getInstance("TLS");
        ssl.init(keys, trust.getTrustManagers(), null);
        return ssl;
    }

    private Certificate[] certificates(String name) throws IOException, GeneralSecurityException {
        try (InputStream in = Files.newInputStream(tls.resolve(name + ".crt"))) {
            return CertificateFactory.getInstance("X.509")
                    .generateCertificates(in)
                    .toArray(Certificate[]::new);
        }
    }
}
