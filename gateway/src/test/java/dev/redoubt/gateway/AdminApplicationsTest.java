package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditReader;
import dev.redoubt.policy.audit.AuditRecord;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.control.SpecJson;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// What the operator hears of applications, over a real socket.
@SuppressWarnings("NullAway.Init")
final class AdminApplicationsTest {
    private static final String PLAN = "/admin/v1/applications/plan";
    private static final String DEPLOY = "/admin/v1/applications/deploy";
    private static final String LOGS = "/admin/v1/applications/test/logs";

    @TempDir
    private static Path home;

    private static Platform platform;
    private static TestEdge edge;
    private static String reader;

    @BeforeAll
    static void start() throws InterruptedException {
        platform = TestApplications.platform(home);
        TestApplications.deploy(platform, TestApplications.application("test", "Front", "Greeter"));
        edge = TestEdge.at(home)
                .admin(new AdminAddress.LoopbackPort("127.0.0.1", 0))
                .platform(platform)
                .start();
        reader = edge.keys.create("ops", Set.of(Scope.ADMIN_READ)).secret();
    }

    @AfterAll
    static void stop() {
        edge.close();
        platform.close();
    }

    private static HttpResponse<String> admin(String key, String path) {
        return edge.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + edge.edge.adminPort() + path))
                .header("Authorization", "Bearer " + key)
                .build());
    }

    private static List<String> texts() {
        List<String> texts = new ArrayList<>();
        for (JsonNode entry : TestEdge.json(admin(reader, LOGS).body()).path("entries"))
            texts.add((entry.path("deployment").asString() + " "
                            + entry.path("subject").asString() + " "
                            + entry.path("text").asString())
                    .strip());
        return texts;
    }

    @Test
    void V1_6_whatAnApplicationWentThroughIsToldWithoutContent() {
        HttpResponse<String> failed = edge.post("/test", "{\"name\":\"trouble\",\"times\":1}");
        String id = TestEdge.json(failed.body()).at("/error/error_id").asString();
        assertThat(texts())
                .contains("DEPLOYED, version 1")
                .anyMatch(text -> text.matches("Greeter test\\.Greeter\\.\\d+ starts, version 1"))
                .anyMatch(text -> text.matches("Greeter test\\.Greeter\\.\\d+ takes calls"))
                .anyMatch(text -> text.startsWith("Front  HEALTHY"))
                .contains(
                        "Greeter " + id + " failed: java.lang.IllegalStateException",
                        "Front " + id + " failed: java.lang.IllegalStateException")
                .noneMatch(text -> text.contains("trouble") || text.contains("secret"));
    }

    private static HttpResponse<String> post(String key, String path, String body) {
        return edge.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + edge.edge.adminPort() + path))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build());
    }

    /// Rule and outcome of all that the audit log has of deploys by a key.
    private static List<String> deploys(String keyId) throws IOException {
        edge.audit.commit(AuditEvent.of(AuditKind.CACHE_CLEAR, keyId, "", "")); // on disk after what was noted before
        List<String> deploys = new ArrayList<>();
        try (AuditReader reader = AuditReader.open(new Home(home.toAbsolutePath()))) {
            for (Optional<AuditRecord> one = reader.next(); one.isPresent(); one = reader.next())
                if (one.get().get("actor").equals(keyId)
                        && one.get().get("kind").equals("application.deploy"))
                    deploys.add(one.get().get("subject") + " " + one.get().get("rule") + " "
                            + one.get().get("outcome"));
        }
        return deploys;
    }

    @Test
    void R1_8_aRefusedDeployIsInTheAuditLogWithItsRuleHoweverFarItCame() throws IOException {
        KeyStore.Created writer = edge.keys.create("ops", Set.of(Scope.ADMIN_READ, Scope.ADMIN_WRITE));
        String unknown = SpecJson.write(TestApplications.application("other", "Front", "Nobody"));
        String known = SpecJson.write(TestApplications.application("other", "Front", "Greeter"));
        String reserved = known.replace("\"other\"", "\"v1\"");
        String hungry = known.replaceAll("\"ongoingMax\":\\d+", "\"ongoingMax\":101");
        assertThat(post(writer.secret(), PLAN, known).body()).contains("\"problems\":[]");
        assertThat(deploys(writer.keyId())).isEmpty();
        for (String spec : List.of(unknown, reserved, hungry)) {
            assertThat(post(writer.secret(), PLAN, spec).statusCode()).isEqualTo(200);
            assertThat(post(writer.secret(), DEPLOY, spec).statusCode()).isEqualTo(422);
        }
        assertThat(deploys(writer.keyId()))
                .containsExactly(
                        "other R5.2 refused, problems: 1",
                        "other  begun",
                        "other R5.2 refused, problems: 1",
                        "v1 R4.1 refused, problems: 1",
                        "v1  begun",
                        "v1 R4.1 refused, problems: 1",
                        "other R1.1 refused, problems: 2",
                        "other  begun",
                        "other R1.1 refused, problems: 2");
    }

    @Test
    void whatIsNotThereIsToldAsThatAndWhereToLook() {
        HttpResponse<String> nobody = admin(reader, "/admin/v1/applications/nobody/logs");
        assertThat(nobody.statusCode()).isEqualTo(422);
        assertThat(nobody.body()).contains("deploy_refused", "there is no application 'nobody'");
        assertThat(admin(reader, "/openapi.json").body()).contains("GET /admin/v1/openapi.json lists them");
        assertThat(edge.get("/admin/v1/openapi.json").body()).contains("GET /openapi.json lists them");
    }

    @Test
    void V5_5_itIsToldToOperatorsOnly() {
        assertThat(admin(edge.key, LOGS).statusCode()).isEqualTo(403);
        assertThat(admin("rdt_nobody", LOGS).statusCode()).isEqualTo(401);
        assertThat(edge.get(LOGS).statusCode()).isEqualTo(404);
        for (String other : new String[] {"/admin/v1/applications//logs", "/admin/v1/applications/a/b/logs"})
            assertThat(admin(reader, other).statusCode()).as(other).isEqualTo(404);
    }

    @Test
    void theAdminApiDescribesItself() {
        HttpResponse<String> reply = admin(reader, "/admin/v1/openapi.json");
        assertThat(reply.statusCode()).isEqualTo(200);
        JsonNode root = TestEdge.json(reply.body());
        assertThat(root.path("paths").propertyNames())
                .contains(
                        "/admin/v1/status",
                        "/admin/v1/applications",
                        "/admin/v1/applications/{id}/logs",
                        "/admin/v1/openapi.json");
        JsonNode deploy =
                root.path("paths").path("/admin/v1/applications/deploy").path("post");
        assertThat(deploy.path("x-scope").asString()).isEqualTo("admin:write");
        assertThat(deploy.at("/requestBody/content/application~1json/schema/properties/deployments/type")
                        .asString())
                .isEqualTo("array");
        assertThat(deploy.at("/responses/default/content").propertyNames()).containsExactly("application/problem+json");
        assertThat(root.at("/components/schemas/Error/properties/detail/type").asString())
                .isEqualTo("string");
        assertThat(root.path("paths")
                        .path("/admin/v1/applications/{id}/logs")
                        .at("/get/parameters/0/name")
                        .asString())
                .isEqualTo("id");
    }
}
