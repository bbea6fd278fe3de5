package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

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

    /// Returns when it is ready.
    private Process serve() throws Exception {
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 11);
        assertThat(checkout.start(List.of(), "models", "add", model.toString(), "--name", "tiny")
                        .waitFor())
                .isZero();
        Process server = checkout.start(List.of(), "serve", "-f", configuration.toString());
        BufferedReader out = server.inputReader(StandardCharsets.UTF_8);
        assertThat(out.readLine()).startsWith("waiver V3.3");
        String ready = out.readLine();
        assertThat(ready).startsWith("ready  tiny, ");
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
        Process server = serve();
        try {
            assertPasses(server.pid());
            assertBrokenIsNamed();
        } finally {
            Checkout.kill(server);
        }
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
