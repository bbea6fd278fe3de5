package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.TinyEncoder;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Evidence of a server in a process of its own, started by the launcher: as it should be, and broken.
final class EvidenceTest {
    private static final String MEMORY_LOCK = "read the flags of its memory mappings";

    @TempDir
    private Path folder;

    private final LocalDate tomorrow = LocalDate.now(ZoneOffset.UTC).plusDays(1);
    private Checkout checkout;
    private Path configuration;
    private String url;

    @BeforeEach
    void configure() throws Exception {
        checkout = Checkout.built(folder);
        configuration = Files.writeString(folder.resolve("redoubt.yaml"), """
                http: {port: 0}
                model: {name: tiny, cpu: 2, memory: 1GiB, max-ongoing-requests: 100}
                applications: [{name: local}]
                limits: {request-timeout: 2s, max-tokens: 2500}
                waivers: [{rule: V3.3, reason: a test, expires: %s}]
                """.formatted(tomorrow));
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            url = "http://127.0.0.1:" + free.getLocalPort();
        }
    }

    private void add(Path model, String name) throws Exception {
        assertThat(checkout.start(List.of(), "models", "add", model.toString(), "--name", name)
                        .waitFor())
                .isZero();
    }

    /// Returns when it is ready.
    private Process serve() throws IOException {
        Process server = checkout.start(List.of(), "serve", "-f", configuration.toString());
        BufferedReader out = server.inputReader(StandardCharsets.UTF_8);
        String ready = out.readLine();
        while (ready != null && !ready.startsWith("ready  ")) ready = out.readLine();
        assertThat(ready).as(Files.readString(checkout.errors())).isNotNull();
        url = ready.substring(ready.indexOf("http://"));
        return server;
    }

    private Ran rules(String... args) {
        return Ran.command(
                checkout.home,
                Stream.concat(Stream.of("rules"), Stream.of(args)).toArray(String[]::new));
    }

    private Ran evidence(Path report) {
        return rules("--evidence", "-f", configuration.toString(), "--url", url, "--out", report.toString());
    }

    @Test
    void aGoodServerPassesAndABrokenOneIsNamed() throws Exception {
        add(TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 11), "tiny");
        Process server = serve();
        try {
            assertPasses(server.pid());
            assertBrokenIsNamed();
        } finally {
            Checkout.kill(server);
        }
    }

    @Test
    void aServerOfApplicationsPassesWithoutAModel() throws Exception {
        configuration = Files.writeString(folder.resolve("applications.yaml"), applications());
        for (String name : List.of("bank", "shop"))
            assertThat(Ran.command(checkout.home, "keys", "create", "--application", name)
                            .exitCode())
                    .isZero();
        Process server = serve();
        try {
            JsonNode content = passed();
            assertThat(content.path("server").has("model")).isFalse();
            assertThat(content.at("/server/applications").toString()).isEqualTo("[\"bank\",\"shop\"]");
            for (String name : List.of("bank", "shop"))
                assertThat(outcomes(content, "called every route of /" + name + " without a key"))
                        .containsExactly("passed 2 routes");
            assertThat(outcomes(content, "sent /")).hasSize(12).allMatch(one -> one.startsWith("passed"));
            assertThat(outcomes(content, "sent temperature NaN"))
                    .containsExactly("not_applicable no language model is served");
            assertThat(keysThatAreActive()).isEqualTo(2);
        } finally {
            Checkout.kill(server);
        }
    }

    @Test
    void anEmbeddingModelIsAskedForNoText() throws Exception {
        add(TinyEncoder.write(folder.resolve("tiny-embed"), WeightKind.F32, 3), "tiny-embed");
        configuration = Files.writeString(
                folder.resolve("embed.yaml"),
                "http: {port: 0}\nmodel: {name: tiny-embed, cpu: 2, memory: 1GiB, max-ongoing-requests: 100}\nlimits: {request-timeout: 2s}\n");
        Process server = serve();
        try {
            JsonNode content = passed();
            assertThat(content.at("/server/model").asString()).isEqualTo("tiny-embed");
            assertThat(outcomes(content, "sent /v1/embeddings ")).hasSize(4).allMatch(one -> one.startsWith("passed"));
            assertThat(outcomes(content, "copied the served model"))
                    .singleElement()
                    .asString()
                    .startsWith("passed refused by V4.2");
        } finally {
            Checkout.kill(server);
        }
    }

    private String applications() throws IOException {
        HandlerJar jar = HandlerJar.compiled(folder, "doubler", "Doubler", """
                import dev.redoubt.serve.*;
                @Deployment(name = "Doubler", maxOngoingRequests = 16, cpus = 0.2, memoryMiB = 128)
                @Route(method = Route.Method.GET, path = "/twice/{number}")
                public final class Doubler implements Handler<Doubler.Number, Doubler.Number> {
                    public record Number(int number) {}
                    @Override public Number handle(Number input) { return new Number(2 * input.number()); }
                }
                """);
        StringBuilder text = new StringBuilder("http: {port: 0}\nlimits: {request-timeout: 2s}\napplications:\n");
        for (String name : List.of("bank", "shop")) text.append("""
                  - name: %s
                    quota: {cpu: 0.5, memory: 256MiB}
                    deployments:
                      - name: Doubler
                        java: {class: team.Doubler, jar: %s, digest: "%s"}
                        cpu: 0.2
                        memory: 128MiB
                        max-ongoing-requests: 16
                        timeouts: {call: 1s}
                """.formatted(name, jar.path(), jar.digest()));
        return text.toString();
    }

    /// What its report says, with nothing bad in it.
    private JsonNode passed() {
        Path report = folder.resolve("report.json");
        Ran good = evidence(report);
        assertThat(bad(report)).as(good.out() + good.err()).isEmpty();
        return content(report);
    }

    private static List<String> outcomes(JsonNode report, String done) {
        return report.path("probes")
                .valueStream()
                .filter(probe -> probe.path("done").asString().startsWith(done))
                .map(probe -> probe.path("outcome").asString() + " "
                        + probe.path("found").asString())
                .toList();
    }

    private void assertPasses(long pid) throws IOException {
        Path report = folder.resolve("report.json");
        Ran good = evidence(report);
        assertThat(bad(report)).as(good.out() + good.err()).isEmpty();
        JsonNode content = content(report);
        assertThat(content.path("probes").size()).isGreaterThan(30);
        assertThat(content.at("/server/pid").asLong()).isEqualTo(pid);
        assertThat(content.at("/product/build_sha256").asString()).matches("[0-9a-f]{64}");
        assertThat(content.at("/configuration/sha256").asString()).matches("[0-9a-f]{64}");
        JsonNode waived = content.path("rules")
                .valueStream()
                .filter(rule -> rule.path("id").asString().equals("V3.3"))
                .findFirst()
                .orElseThrow();
        assertThat(waived.path("state").asString()).isEqualTo("limit waived until " + tomorrow);
        if (good.out().contains("swap 0 kB")) assertThat(good.exitCode()).isZero();
        assertThat(keysThatAreActive()).as("probe keys are gone").isEqualTo(1);
        assertThat(checkout.home.resolve("evidence/scratch")).doesNotExist();
        assertThat(Files.getPosixFilePermissions(checkout.home.resolve("evidence/key.pem")))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    private void assertBrokenIsNamed() throws IOException {
        Path report = folder.resolve("broken.json");
        Files.setPosixFilePermissions(
                checkout.home.resolve("redoubt.db"), PosixFilePermissions.fromString("rw-r--r--"));
        Files.setLastModifiedTime(configuration, FileTime.from(Instant.now().plusSeconds(60)));
        Ran broken = evidence(report);
        assertThat(broken.exitCode()).isEqualTo(1);
        assertThat(bad(report)).containsExactlyInAnyOrder("V5.3", "R1.1");
        assertThat(broken.err()).contains("redoubt.db:mode-rw-r--r--", "written since");
        assertNotBelieved(report);
    }

    private void assertNotBelieved(Path report) throws IOException {
        assertThat(rules("--verify", report.toString()).exitCode()).isZero();
        Path other = folder.resolve("other");
        assertThat(Ran.command(checkout.home, "models", "keygen", "--out", other.toString())
                        .exitCode())
                .isZero();
        Ran another = rules("--verify", report.toString(), "--public-key", other + ".pub.pem");
        assertThat(another.exitCode()).isEqualTo(1);
        assertThat(another.err()).contains("another key");
        String text = Files.readString(report);
        Files.writeString(report, text.replaceFirst("\"payload\":\"e", "\"payload\":\"f"));
        Ran changed = rules("--verify", report.toString());
        assertThat(changed.exitCode()).isEqualTo(1);
        assertThat(changed.out()).isEmpty();
    }

    @Test
    void whereNoServerAnswersItIsSaid() throws Exception {
        assertThat(evidence(folder.resolve("report.json")).exitCode())
                .as("a home of no server")
                .isEqualTo(66);
        assertThat(Ran.command(checkout.home, "keys", "create", "--application", "local")
                        .exitCode())
                .isZero();
        Ran none = evidence(folder.resolve("report.json"));
        assertThat(none.exitCode()).isEqualTo(69);
        assertThat(none.err()).startsWith("redoubt: no server answers at " + url);
        assertThat(folder.resolve("report.json")).doesNotExist();
        assertThat(rules("--out", "x").exitCode()).isEqualTo(64);
        assertThat(rules("--evidence", "--url", "ftp://x").exitCode()).isEqualTo(64);
    }

    /// Rules of the probes that neither passed nor were without an object, by the report.
    private List<String> bad(Path report) {
        return content(report)
                .path("probes")
                .valueStream()
                .filter(probe -> !List.of("passed", "not_applicable")
                        .contains(probe.path("outcome").asString()))
                .filter(probe -> !probe.path("done").asString().equals(MEMORY_LOCK) || !swaps(probe))
                .map(probe -> probe.path("rules").get(0).asString())
                .toList();
    }

    /// Whether the host has swap, and so may rightly be found wanting.
    private static boolean swaps(JsonNode probe) {
        return !probe.path("found").asString().endsWith("swap 0 kB");
    }

    private JsonNode content(Path report) {
        Ran verified = rules("--verify", report.toString(), "--json");
        assertThat(verified.exitCode()).as(verified.err()).isZero();
        return JsonMapper.shared().readTree(verified.out());
    }

    private long keysThatAreActive() {
        JsonNode keys = JsonMapper.shared()
                .readTree(Ran.command(checkout.home, "keys", "list", "--json").out());
        assertThat(keys.size()).isGreaterThan(5);
        return keys.valueStream()
                .filter(key -> key.path("state").asString().equals("active"))
                .count();
    }
}
