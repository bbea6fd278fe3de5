package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.base.Requirement;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.gateway.RoutePolicies;
import dev.redoubt.policy.Waiver;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What servers and commands refuse and do is in the audit log, by real sockets and the commands that a user
/// gives.
final class AuditTest {
    private static final String COMPLETIONS = "/v1/completions";

    @TempDir
    private Path folder;

    private final HttpClient client = HttpClient.newHttpClient();

    @AfterEach
    void closeClient() {
        client.close();
    }

    private Path home() {
        return folder.resolve("home");
    }

    private Ran run(String... arguments) {
        return Ran.command(home(), arguments);
    }

    private List<JsonNode> records() {
        Ran ran = run("audit-log", "export");
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        return ran.out().lines().map(line -> JsonMapper.shared().readTree(line)).toList();
    }

    private List<String> told(String kind) {
        return records().stream()
                .filter(record -> record.path("kind").asString("").equals(kind))
                .map(record -> record.path("subject").asString("") + " "
                        + record.path("outcome").asString(""))
                .toList();
    }

    private Server serve(RateLimits rates) throws IOException {
        return serve(rates, List.of());
    }

    private Server serve(RateLimits rates, List<Waiver> waivers) throws IOException {
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 11);
        Context context = new Context(
                new Home(home().toAbsolutePath()),
                Console.of(new ByteArrayOutputStream(), new ByteArrayOutputStream()));
        EdgeOptions edge = new EdgeOptions(
                "127.0.0.1",
                0,
                RequestLimits.DEFAULT,
                rates,
                Optional.empty(),
                RoutePolicies.DEFAULT,
                Optional.empty());
        ServerConfig config = new ServerConfig(
                Optional.of(new ModelChoice(model.toString(), Optional.empty(), OptionalLong.empty(), List.of())),
                EngineOptions.defaults(2),
                edge,
                List.of(),
                Optional.empty(),
                waivers,
                ServerConfig.CANARY_EVERY,
                ServerConfig.fingerprint("a file".getBytes(StandardCharsets.UTF_8)));
        return Server.start(context, new LocalModels(context), config);
    }

    private HttpResponse<String> send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest.Builder request(Server server, String path, String key) {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
        return key.isEmpty() ? request : request.header("Authorization", "Bearer " + key);
    }

    private static HttpRequest.Builder post(Server server, String key, String body) {
        return request(server, COMPLETIONS, key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    @Test
    void R1_8_everyRefusedRequestIsInTheLogWithItsRule() throws Exception {
        Map<String, String> expected = new HashMap<>(); // by request id
        String keyId;
        try (Server server = serve(RateLimits.DEFAULT)) {
            String key = server.firstKey().orElseThrow();
            String prompt = "{\"model\":\"tiny\",\"prompt\":\"Hi\"";
            Map<HttpRequest.Builder, String> requests = new HashMap<>();
            requests.put(request(server, "/v1/models", ""), "V5.3 401 unauthenticated unmatched-or-route");
            requests.put(request(server, "/metrics", key), "R4.4 403 forbidden");
            requests.put(request(server, "/nowhere", key), "R4.4 404 route_not_found");
            requests.put(request(server, COMPLETIONS, key), "R4.4 405 method_not_allowed");
            requests.put(post(server, key, "x".repeat(10_000_001)), "R1.4 413 body_too_large");
            requests.put(
                    request(server, COMPLETIONS, key).POST(HttpRequest.BodyPublishers.ofString("{}")),
                    "R3.2 415 unsupported_media_type");
            requests.put(post(server, key, "{"), "R3.2 400 invalid_json");
            requests.put(post(server, key, prompt + ",\"odd\":1}"), "R3.4 400 unknown_field");
            requests.put(post(server, key, prompt + ",\"max_tokens\":2049}"), "V5.1 400 out_of_range");
            requests.put(post(server, key, prompt + ",\"model\":\"x\"}"), "R3.4 400 duplicate_field");
            requests.put(post(server, key, prompt.replace("tiny", "other") + "}"), "V4.1 404 model_not_found");
            requests.put(post(server, key, prompt.replace("Hi", "a".repeat(8193)) + "}"), "V1.4 400 prompt_too_long");
            for (Map.Entry<HttpRequest.Builder, String> each : requests.entrySet()) {
                HttpResponse<String> reply = send(each.getKey());
                assertThat(each.getValue()).contains(" " + reply.statusCode() + " ");
                String id = reply.headers().firstValue("X-Request-Id").orElseThrow();
                expected.put(id, each.getValue().replace(" unmatched-or-route", ""));
            }
            HttpResponse<String> reply = send(request(server, "/v1/models", key));
            assertThat(reply.statusCode()).isEqualTo(200);
            keyId = run("keys", "list")
                    .out()
                    .lines()
                    .skip(1)
                    .findFirst()
                    .orElseThrow()
                    .split(" ")[0];
        }
        Map<String, String> found = new HashMap<>();
        for (JsonNode record : records()) {
            if (!record.path("kind").asString("").equals("request.refused")) continue;
            found.put(
                    record.path("request_id").asString(""),
                    record.path("rule").asString("") + " "
                            + record.path("outcome").asString(""));
            boolean known = !record.path("rule").asString("").equals("V5.3");
            assertThat(record.path("actor").asString("")).isEqualTo(known ? keyId : "stranger:loopback");
            assertThat(record.path("application").asString("")).isEqualTo(known ? "local" : "");
        }
        assertThat(found).isEqualTo(expected);
        assertThat(run("audit-log", "verify").out()).contains("as they were written");
    }

    @Test
    void V3_4_theSixtyFirstRequestIsInTheLog() throws Exception {
        String id = "";
        try (Server server = serve(RateLimits.DEFAULT)) {
            String key = server.firstKey().orElseThrow();
            for (int i = 0; i <= 60; i++) {
                HttpResponse<String> reply = send(post(server, key, "{"));
                assertThat(reply.statusCode()).isEqualTo(i < 60 ? 400 : 429);
                id = reply.headers().firstValue("X-Request-Id").orElseThrow();
            }
        }
        List<JsonNode> refused = records().stream()
                .filter(record -> record.path("kind").asString("").equals("request.refused"))
                .toList();
        assertThat(refused.stream()
                        .mapToLong(record -> record.path("count").asLong(0))
                        .sum())
                .isEqualTo(61);
        assertThat(refused).hasSize(10 + 1 + 1); // ten broken bodies, their rest, and the one over the limit
        String last = id;
        assertThat(refused)
                .anySatisfy(record -> {
                    assertThat(record.path("request_id").asString("")).isEqualTo(last);
                    assertThat(record.path("rule").asString("")).isEqualTo("V3.4");
                })
                .anySatisfy(record -> assertThat(record.path("count").asLong(0)).isEqualTo(50));
    }

    @Test
    void aStartIsInTheLogFromItsConfigurationToItsEnd() throws Exception {
        serve(RateLimits.DEFAULT).close();
        assertThat(told("configuration")).singleElement().asString().matches("sha256:[0-9a-f]{64} in force");
        assertThat(told("model.load")).singleElement().asString().matches("tiny verified, sha256:[0-9a-f]{64}");
        assertThat(told("key.create")).hasSize(2).allMatch(text -> text.matches("key_[0-9a-f]{16} (begun|done)"));
        assertThat(told("server.start")).hasSize(2);
        assertThat(told("server.start").getLast()).contains("done, on 127.0.0.1 port ");
        assertThat(told("server.stop")).hasSize(1);
        assertThat(records().getLast().path("kind").asString("")).isEqualTo("server.stop");
    }

    @Test
    void everyWaiverIsInTheLogAtEveryStart() throws Exception {
        List<Waiver> waivers = List.of(
                new Waiver(Requirement.R1_3, "a \"slow\" model", LocalDate.of(2030, 1, 31)),
                new Waiver(Requirement.V3_4, "a test", LocalDate.of(2030, 2, 1)));
        for (int start = 1; start <= 2; start++) {
            serve(RateLimits.DEFAULT, waivers).close();
            assertThat(told("waiver"))
                    .hasSize(2 * start)
                    .endsWith("R1.3 until 2030-01-31: a \"slow\" model", "V3.4 until 2030-02-01: a test");
        }
    }

    @Test
    void refusedStartsAndCommandsAreInTheLog() throws Exception {
        assertThat(run("serve", "--host", "0.0.0.0", "--max-model-len", "8192").exitCode())
                .isEqualTo(78);
        assertThat(run("keys", "create", "--application", "default").exitCode()).isEqualTo(78);
        Path pickle = Files.write(folder.resolve("model.gguf"), new byte[] {(byte) 0x80, 4, 'c', 'o', 's'});
        assertThat(run("models", "add", pickle.toString(), "--name", "evil").exitCode())
                .isEqualTo(78);
        List<String> refused = records().stream()
                .filter(record -> record.path("kind").asString("").endsWith(".refused"))
                .map(record -> record.path("kind").asString("") + " "
                        + record.path("subject").asString("") + " "
                        + record.path("rule").asString(""))
                .toList();
        assertThat(refused)
                .hasSize(4)
                .startsWith("start.refused serve R1.2", "start.refused serve V2.3", "command.refused keys create R4.1")
                .last()
                .asString()
                .startsWith("command.refused models add ");
        assertThat(told("model.add")).containsExactly("evil begun", "evil failed");
    }

    @Test
    void whatTheCommandsDoToKeysAndModelsIsInTheLog() throws Exception {
        String secret = run("keys", "create", "--application", "shop").out().strip();
        String id = run("keys", "list")
                .out()
                .lines()
                .skip(1)
                .findFirst()
                .orElseThrow()
                .split(" ")[0];
        run("keys", "disable", id);
        run("keys", "enable", id);
        run("keys", "rotate", id, "--overlap", "1h");
        run("keys", "revoke", id);
        assertThat(run("keys", "revoke", secret).exitCode()).isEqualTo(66); // pasted in the place of its id
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 7);
        assertThat(run("models", "add", model.toString(), "--name", "tiny").exitCode())
                .isZero();
        assertThat(run("models", "distrust", "tiny").exitCode()).isZero();
        assertThat(run("models", "remove", "tiny").exitCode()).isZero();
        for (String kind : List.of("key.create", "key.disable", "key.enable", "key.revoke"))
            assertThat(told(kind)).as(kind).containsExactly(id + " begun", id + " done");
        assertThat(told("key.rotate").getLast()).matches(id + " done, new key key_[0-9a-f]{16}");
        assertThat(told("model.add").getLast()).matches("tiny done, sha256:[0-9a-f]{64}");
        assertThat(told("model.distrust")).containsExactly("tiny begun", "tiny done");
        assertThat(told("model.remove")).hasSize(2);
        assertThat(records().toString()).doesNotContain(secret.substring(4));
    }

    @Test
    void aModelThatIsSetAsideIsInTheLog() throws Exception {
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 7);
        assertThat(run("models", "add", model.toString(), "--name", "tiny").exitCode())
                .isZero();
        Path file = home().resolve("models/tiny/files/tiny.gguf");
        assertThat(file.toFile().setWritable(true)).isTrue();
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);
        assertThat(run("models", "verify", "tiny").exitCode()).isEqualTo(78);
        assertThat(told("model.quarantine")).containsExactly("tiny set aside during verify");
    }

    @Test
    void withoutAnAuditLogNothingIsDone() throws Exception {
        Files.createDirectories(home());
        Files.writeString(home().resolve("audit"), "no folder");
        Ran ran = run("keys", "create", "--application", "shop");
        assertThat(ran.exitCode()).isEqualTo(74);
        assertThat(ran.out()).isEmpty();
        assertThat(ran.err()).contains("the audit log in", "cannot be written");
        assertThat(run("keys", "list", "--json").out().strip()).isEqualTo("[]");
        Ran refused = run("serve", "--host", "0.0.0.0");
        assertThat(refused.exitCode()).isEqualTo(78); // what is refused stays refused
        assertThat(refused.err()).contains("REFUSED rule=R1.2", "missing in the audit log");
    }

    @Test
    void R1_8_whileTheLogCannotBeWrittenThereIsNoInference() throws Exception {
        try (Server server = serve(RateLimits.DEFAULT)) {
            String key = server.firstKey().orElseThrow();
            String good = "{\"model\":\"tiny\",\"prompt\":\"Hi\",\"max_tokens\":1}";
            assertThat(send(post(server, key, good)).statusCode()).isEqualTo(200);
            Path aside = folder.resolve("aside");
            Files.move(home().resolve("audit"), aside);
            Files.writeString(home().resolve("audit"), "no folder");
            assertThat(send(request(server, "/v1/models", "")).statusCode()).isEqualTo(401);
            await(() -> status(request(server, "/readyz", "")) == 503);
            assertThat(run("status").out()).contains(", not ready");
            HttpResponse<String> denied = send(post(server, key, good));
            assertThat(denied.statusCode()).isEqualTo(503);
            assertThat(denied.body()).contains("audit_unavailable");
            assertThat(denied.headers().firstValue("Retry-After")).contains("1");
            assertThat(send(request(server, "/v1/models", key)).statusCode()).isEqualTo(200);
            Ran clear = run("cache", "clear", "--application", "local");
            assertThat(clear.exitCode()).isNotZero();
            assertThat(clear.err()).contains("cannot write down what it decides");
            Files.delete(home().resolve("audit"));
            Files.move(aside, home().resolve("audit"));
            await(() -> status(request(server, "/readyz", "")) == 200);
            assertThat(send(post(server, key, good)).statusCode()).isEqualTo(200);
        }
        assertThat(told("log.resumed")).hasSize(1);
        assertThat(records().stream().map(record -> record.path("outcome").asString("")))
                .contains("401 unauthenticated", "503 audit_unavailable");
        assertThat(run("audit-log", "verify").exitCode()).isZero();
    }

    @Test
    void aLogThatWasChangedIsNamedAndNothingStartsOnIt() throws Exception {
        run("keys", "create", "--application", "shop");
        Path segment = home().resolve("audit/000000000000000001.jsonl");
        List<String> lines = new ArrayList<>(Files.readAllLines(segment));
        String good = lines.get(1);
        lines.set(1, good.replace("shop", "bank"));
        Files.writeString(segment, String.join("\n", lines) + "\n");
        Ran verify = run("audit-log", "verify");
        assertThat(verify.exitCode()).isEqualTo(78);
        assertThat(verify.out()).isEmpty();
        assertThat(verify.err()).startsWith("REFUSED rule=R1.8 ").contains("record 2 was changed", segment + ":2");
        lines.set(1, good);
        lines.removeLast();
        Files.writeString(segment, String.join("\n", lines) + "\n");
        assertThat(run("audit-log", "verify").err()).contains("record 3 is missing at the end");
        Ran create = run("keys", "create", "--application", "shop");
        assertThat(create.exitCode()).isEqualTo(78);
        assertThat(create.err()).contains("REFUSED rule=R1.8", "was cut off");
    }

    @Test
    void theLogIsShownAndExported() {
        assertThat(run("audit-log", "verify").out()).startsWith("no records yet");
        assertThat(run("audit-log", "public-key").exitCode()).isEqualTo(66);
        run("keys", "create", "--application", "shop");
        String tail = run("audit-log", "tail", "-n", "1").out();
        assertThat(tail).matches("3  20\\S+Z  key.create  operator  shop  key_[0-9a-f]{16}  -  done  -\n");
        assertThat(run("audit-log", "tail", "-n", "-1").exitCode()).isEqualTo(64);
        assertThat(run("audit-log", "public-key").out()).startsWith("-----BEGIN PUBLIC KEY-----\n");
        List<String> csv = run("audit-log", "export", "--csv").out().lines().toList();
        assertThat(csv).hasSize(4);
        assertThat(csv.getFirst()).startsWith("seq,time,kind,");
        assertThat(csv.getLast()).startsWith("\"3\",\"20").contains("\"key.create\",\"operator\",\"shop\"");
        assertThat(run("audit-log", "export", "--until", "2026-01-01").out()).isEmpty();
        assertThat(run("audit-log", "export", "--since", "2026-01-01T00:00:00Z")
                        .out()
                        .lines())
                .hasSize(3);
        assertThat(run("audit-log", "export", "--since", "yesterday").exitCode())
                .isEqualTo(64);
    }

    @Test
    void theEndIsFollowedUntilSomebodyStopsIt() throws Exception {
        run("keys", "create", "--application", "shop");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Context context = new Context(new Home(home().toAbsolutePath()), Console.of(out, new ByteArrayOutputStream()));
        Thread following = Thread.ofPlatform().start(() -> Main.execute(context, "audit-log", "tail", "-n", "0", "-f"));
        await(() -> following.getState() == Thread.State.TIMED_WAITING);
        run("keys", "create", "--application", "bank");
        await(() -> out.toString(StandardCharsets.UTF_8).contains("bank"));
        following.interrupt();
        following.join();
        assertThat(out.toString(StandardCharsets.UTF_8).lines()).hasSize(2);
    }

    private int status(HttpRequest.Builder request) {
        try {
            return send(request).statusCode();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(BooleanSupplier condition) {
        long end = System.nanoTime() + 10_000_000_000L;
        while (!condition.getAsBoolean() && System.nanoTime() < end) LockSupport.parkNanos(20_000_000);
        assertThat(condition.getAsBoolean()).isTrue();
    }
}
