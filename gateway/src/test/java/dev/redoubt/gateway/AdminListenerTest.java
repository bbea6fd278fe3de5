package dev.redoubt.gateway;

import static dev.redoubt.gateway.TestEdge.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.Requirement;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.Waiver;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDate;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

final class AdminListenerTest {
    private static final String STATUS = "/admin/v1/status";
    private static final String CLEAR = "/admin/v1/cache/clear";
    private static final EdgeOptions DATA = new EdgeOptions("127.0.0.1", 0);

    @TempDir
    private Path home;

    private Path socket() {
        return home.resolve("admin.sock");
    }

    private TestEdge start(AdminAddress address) {
        Waiver waiver = new Waiver(Requirement.R1_3, "a test", LocalDate.of(2099, 1, 2));
        return TestEdge.at(home).rates(DATA.rates()).admin(address, waiver).start();
    }

    private TestEdge startOnSocket() {
        return start(new AdminAddress.UnixSocket(socket()));
    }

    /// Everything that comes back until the connection ends.
    private String ask(String request) throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket()));
            channel.write(ByteBuffer.wrap(request.getBytes(StandardCharsets.UTF_8)));
            StringBuilder reply = new StringBuilder();
            ByteBuffer piece = ByteBuffer.allocate(65536);
            while (channel.read(piece) >= 0) {
                reply.append(new String(piece.array(), 0, piece.position(), StandardCharsets.UTF_8));
                piece.clear();
            }
            return reply.toString();
        }
    }

    private String get(String path) throws IOException {
        return ask("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    }

    private String post(String path, String body) throws IOException {
        return ask("POST " + path
                + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.length() + "\r\n\r\n" + body);
    }

    private static JsonNode body(String reply) {
        return json(reply.substring(reply.indexOf("\r\n\r\n") + 4));
    }

    @Test
    void V5_5_theSocketIsItsOwnersAndTellsWhatRuns() throws IOException {
        try (TestEdge edge = startOnSocket()) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(socket())))
                    .isEqualTo("rw-------");
            assertThat(home.resolve(".admin")).doesNotExist();
            JsonNode status = body(get(STATUS));
            assertThat(status.get("version").stringValue()).isEqualTo("1.2.3");
            assertThat(status.at("/models/0/name").stringValue()).isEqualTo(TestEdge.MODEL);
            assertThat(status.at("/models/0/digest").stringValue()).isEqualTo("sha256:00");
            assertThat(status.at("/models/0/kv/memory_lock").stringValue()).isEqualTo("locked");
            assertThat(status.at("/limits/requests_per_minute").intValue()).isEqualTo(60);
            assertThat(status.at("/waivers/0/rule").stringValue()).isEqualTo("R1.3");
            assertThat(get("/metrics")).startsWith("HTTP/1.1 200").contains("redoubt_kv_blocks");
            assertThat(get("/nowhere")).startsWith("HTTP/1.1 404").contains("route_not_found");
            assertThat(get("/admin/v1/status?a=b")).startsWith("HTTP/1.1 400");
            assertThat(get(STATUS)).as("after what was refused").startsWith("HTTP/1.1 200");
            assertThat(edge.edge.port()).isPositive();
        }
        assertThat(socket()).doesNotExist();
    }

    @Test
    void V1_3_theCacheOfAnApplicationIsCleared() throws IOException {
        try (TestEdge edge = startOnSocket()) {
            JsonNode cleared = body(post(CLEAR, "{\"application\":\"shop\"}"));
            assertThat(cleared.toString())
                    .isEqualTo("{\"application\":\"shop\",\"blocks_zeroed\":3,\"blocks_in_use\":1}");
            assertThat(edge.model.cleared).containsExactly("shop");
        }
    }

    @Test
    void refusalsAreProblemsAndTheEdgesLimitsHold() throws IOException {
        try (TestEdge edge = startOnSocket()) {
            String reply = post(CLEAR, "{\"application\":\"shop\",\"all\":true}");
            assertThat(reply).startsWith("HTTP/1.1 400").contains("application/problem+json");
            JsonNode problem = body(reply);
            assertThat(problem.get("type").stringValue()).isEqualTo("urn:redoubt:error:unknown_field");
            assertThat(problem.get("status").intValue()).isEqualTo(400);
            assertThat(problem.get("detail").stringValue()).isEqualTo("unknown field 'all': remove it");
            assertThat(get("/admin/v2/status")).startsWith("HTTP/1.1 404");
            assertThat(post(STATUS, "{}")).startsWith("HTTP/1.1 405");
            assertThat(ask("GET " + STATUS + " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
                    .startsWith("HTTP/1.1 421");
            String head = "POST " + CLEAR + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
            assertThat(ask(head + "Content-Length: 10000001\r\n\r\n")).startsWith("HTTP/1.1 413");
            assertThat(ask(head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n"))
                    .startsWith("HTTP/1.1 400");
            assertThat(edge.model.cleared).isEmpty();
        }
    }

    @Test
    void V5_5_theDataPortIsNeverThatOfAdministration() throws IOException {
        try (TestEdge edge = start(new AdminAddress.LoopbackPort("127.0.0.1", 0))) {
            assertThat(edge.edge.adminPort()).isNotEqualTo(edge.edge.port());
            int free;
            try (var probe = new java.net.ServerSocket(0)) {
                free = probe.getLocalPort();
            }
            EdgeOptions data = new EdgeOptions("127.0.0.1", free);
            AdminOptions same = new AdminOptions(new AdminAddress.LoopbackPort("127.0.0.1", free), "1", List.of());
            assertThatThrownBy(() -> HttpEdge.start(
                            data,
                            Optional.of(same),
                            Served.of(new ModelRegistry()),
                            edge.keys,
                            edge.limiter,
                            edge.audit,
                            dev.redoubt.base.TimeSource.system()))
                    .isInstanceOf(java.net.BindException.class)
                    .hasMessageContaining("both the data port and that of administration");
        }
    }

    @Test
    void V5_5_aLoopbackPortNeedsAKeyWithTheScope() {
        try (TestEdge edge = start(new AdminAddress.LoopbackPort("127.0.0.1", 0))) {
            String reader =
                    edge.keys.create("ops", EnumSet.of(Scope.ADMIN_READ)).secret();
            String writer =
                    edge.keys.create("ops", EnumSet.of(Scope.ADMIN_WRITE)).secret();
            assertThat(socket()).doesNotExist();
            assertThat(admin(edge, "", STATUS, "").statusCode()).isEqualTo(401);
            assertThat(admin(edge, edge.key, STATUS, "").statusCode()).isEqualTo(403);
            assertThat(admin(edge, writer, STATUS, "").statusCode()).isEqualTo(403);
            assertThat(admin(edge, reader, STATUS, "").statusCode()).isEqualTo(200);
            String clear = "{\"application\":\"shop\"}";
            assertThat(admin(edge, reader, CLEAR, clear).statusCode()).isEqualTo(403);
            assertThat(edge.model.cleared).isEmpty();
            assertThat(admin(edge, writer, CLEAR, clear).statusCode()).isEqualTo(200);
            assertThat(admin(edge, edge.metricsKey, "/metrics", "").statusCode())
                    .isEqualTo(200);
        }
        assertThatThrownBy(() -> new AdminAddress.LoopbackPort("192.168.0.1", 0))
                .hasMessageContaining("not on loopback");
    }

    private static HttpResponse<String> admin(TestEdge edge, String key, String path, String body) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(java.net.URI.create("http://127.0.0.1:" + edge.edge.adminPort() + path));
        if (!key.isEmpty()) request.header("Authorization", "Bearer " + key);
        if (!body.isEmpty())
            request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString(body));
        return edge.send(request.build());
    }

    @Test
    void aDeadServersSocketIsReplacedAndALivingOnesIsNot() throws IOException {
        try (ServerSocketChannel dead = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            dead.bind(UnixDomainSocketAddress.of(socket())); // its file stays when it is closed
        }
        assertThat(socket()).exists();
        try (TestEdge edge = startOnSocket()) {
            assertThat(get(STATUS)).startsWith("HTTP/1.1 200");
            AdminOptions taken = new AdminOptions(new AdminAddress.UnixSocket(socket()), "1", List.of());
            assertThatThrownBy(() -> HttpEdge.start(
                            DATA,
                            Optional.of(taken),
                            Served.of(new ModelRegistry()),
                            edge.keys,
                            edge.limiter,
                            edge.audit,
                            dev.redoubt.base.TimeSource.system()))
                    .isInstanceOf(AdminException.class)
                    .hasMessageContaining("another server listens");
            assertThat(get(STATUS)).startsWith("HTTP/1.1 200");
        }
        Files.writeString(socket(), "a file of mine");
        assertThatThrownBy(this::startOnSocket)
                .isInstanceOf(AdminException.class)
                .hasMessageContaining("is no socket: move it away");
    }

    @Test
    void aPathThatTheSystemCannotTakeIsRefused() {
        Path tooLong = home.resolve("x".repeat(120)).resolve("admin.sock");
        assertThatThrownBy(() -> start(new AdminAddress.UnixSocket(tooLong)))
                .isInstanceOf(AdminException.class)
                .hasMessageContaining("the system's limit is 107");
    }

    /// What vLLM, Ray Serve, Spring, Go and others offer beside the API, and what of it is ours.
    private static final List<String> ADMINISTRATIVE = List.of(
            STATUS,
            CLEAR,
            "/admin",
            "/admin/",
            "/admin/v1/config",
            "/actuator",
            "/actuator/env",
            "/actuator/heapdump",
            "/actuator/threaddump",
            "/actuator/loggers",
            "/actuator/shutdown",
            "/env",
            "/heapdump",
            "/threaddump",
            "/dump",
            "/trace",
            "/config",
            "/configprops",
            "/loggers",
            "/shutdown",
            "/jolokia",
            "/jolokia/list",
            "/console",
            "/debug/pprof",
            "/debug/pprof/heap",
            "/debug/vars",
            "/server_info",
            "/reset_prefix_cache",
            "/reset_mm_cache",
            "/sleep",
            "/wake_up",
            "/is_sleeping",
            "/collective_rpc",
            "/start_profile",
            "/stop_profile",
            "/scale_elastic_ep",
            "/is_scaling_elastic_ep",
            "/v1/load_lora_adapter",
            "/v1/unload_lora_adapter",
            "/tokenizer_info",
            "/load",
            "/version",
            "/health",
            "/ping",
            "/invocations",
            "/slots",
            "/props",
            "/lora-adapters",
            "/-/routes",
            "/-/healthz",
            "/api/serve/applications/",
            "/api/cluster_status",
            "/api/jobs/",
            "/v2/repository/index",
            "/v2/models/stats",
            "/swagger-ui",
            "/docs",
            "/redoc",
            "/graphql",
            "/.env",
            "/server-status",
            "/h2-console");

    @Test
    void V5_5_nothingAdministrativeIsOnTheDataPort() throws IOException {
        try (TestEdge edge =
                TestEdge.at(home).admin(new AdminAddress.UnixSocket(socket())).start()) {
            String all = edge.keys.create("ops", EnumSet.allOf(Scope.class)).secret();
            for (String path : ADMINISTRATIVE) {
                HttpRequest.Builder request =
                        HttpRequest.newBuilder(edge.uri(path)).header("Authorization", "Bearer " + all);
                assertThat(edge.send(request.build()).statusCode())
                        .as("GET %s", path)
                        .isEqualTo(404);
                HttpRequest.Builder post = request.header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{}"));
                assertThat(edge.send(post.build()).statusCode())
                        .as("POST %s", path)
                        .isEqualTo(404);
            }
            assertThat(edge.model.cleared).isEmpty();
            List<String> data = json(edge.get("/openapi.json").body()).get("paths").properties().stream()
                    .map(java.util.Map.Entry::getKey)
                    .filter(path -> !path.equals("/metrics")) // the one that both have
                    .toList();
            assertThat(data).contains("/v1/chat/completions", "/livez");
            for (String path : data)
                assertThat(get(path)).as("%s on the admin socket", path).startsWith("HTTP/1.1 404");
        }
    }
}
