package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `redoubt.yaml` against the rules, by the command that a user gives.
final class ConfigurationTest {
    private static final String MODEL = "model: {name: tiny, cpu: 2, memory: 1GiB, max-ongoing-requests: 100}\n";
    private final LocalDate today = LocalDate.now(ZoneOffset.UTC);

    @TempDir
    private Path folder;

    private Ran check(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("redoubt.yaml"), text);
        return Ran.command(folder.resolve("home"), "check", "-f", file.toString());
    }

    private List<String> refused(String text) throws IOException {
        Ran ran = check(text);
        assertThat(ran.exitCode()).as(ran.out() + ran.err()).isEqualTo(78);
        assertThat(ran.out()).isEmpty();
        return ran.err().lines().toList();
    }

    private static String waiver(String rule, LocalDate expires) {
        return "waivers: [{rule: " + rule + ", reason: a test, expires: " + expires + "}]\n";
    }

    @Test
    void aModelWithItsLimitsIsEnough() throws IOException {
        Ran ran = check(MODEL);
        assertThat(ran.err()).isEmpty();
        assertThat(ran.exitCode()).isZero();
        assertThat(ran.out()).contains("is good: model tiny, 127.0.0.1:8000");
    }

    @Test
    void everyProblemIsListed() throws IOException {
        List<String> lines = refused("""
                http: {host: 0.0.0.0, prot: 1}
                model: {name: tiny}
                limits: {request-timeout: 31s, max-tokens: 2049}
                """);
        assertThat(lines)
                .hasSize(4)
                .anyMatch(
                        line -> line.contains("redoubt.yaml:1: unknown setting 'http.prot', did you mean 'http.port'?"))
                .anyMatch(line -> line.startsWith("REFUSED rule=R1.1") && line.contains("'model.cpu' is missing"))
                .anyMatch(line -> line.startsWith("REFUSED rule=R1.1") && line.contains("'model.memory' is missing"))
                .anyMatch(line -> line.startsWith("REFUSED rule=R1.1")
                        && line.contains("'model.max-ongoing-requests' is missing"));
    }

    @Test
    void gRpcHasAPortOfItsOwn() throws IOException {
        assertThat(check(MODEL + "http: {grpc-port: 8001, websocket-origin: same}\n")
                        .exitCode())
                .isZero();
        assertThat(refused(MODEL + "http: {port: 8001, grpc-port: 8001}\n"))
                .singleElement()
                .asString()
                .contains("'http.grpc-port' is 8001, which is http.port too: take another");
        assertThat(refused(MODEL + "http: {websocket-origin: any}\n")).hasSize(1);
    }

    @Test
    void rulesThatAreBrokenAreAllListed() throws IOException {
        assertThat(refused(MODEL + "http: {host: 0.0.0.0}\nlimits: {request-timeout: 31s, max-tokens: 2049}\n"))
                .hasSize(3)
                .anyMatch(line -> line.startsWith("REFUSED rule=R1.2 found=host:0.0.0.0 allowed=\"loopback"))
                .anyMatch(
                        line -> line.equals("REFUSED rule=R1.3 found=limits.request-timeout:31s allowed=\"at most 30s\""
                                + " fix=\"lower it in line 3, or add a waiver of R1.3\""))
                .anyMatch(line -> line.startsWith("REFUSED rule=V3.3 found=limits.max-tokens:2049"));
    }

    private ServerConfig read(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("read.yaml"), text);
        return ServerConfigReader.read(file, LocalDate.EPOCH);
    }

    @Test
    void R4_2_whatAModelTakesAtOnceIsNoLimitOfTheWholeServer() throws IOException {
        ServerConfig config = read(MODEL.replace("100", "8"));
        assertThat(config.engine().ongoingMax()).isEqualTo(8);
        assertThat(config.edge().rates().ongoingMax()).isEqualTo(1000);
        assertThat(read(MODEL + "limits: {requests-in-progress: 200}\n")
                        .edge()
                        .rates()
                        .ongoingMax())
                .isEqualTo(200);
    }

    @Test
    void R1_1_aModelWithoutLimitsIsRefused() throws IOException {
        assertThat(refused(""))
                .singleElement()
                .asString()
                .startsWith("REFUSED rule=R1.1")
                .contains("found=model:missing");
        assertThat(refused("model: {name: tiny, cpu: 2, memory: 1GiB}\n"))
                .singleElement()
                .asString()
                .startsWith("REFUSED rule=R1.1")
                .contains("'model.max-ongoing-requests' is missing");
        assertThat(refused(MODEL.replace("100", "101")))
                .singleElement()
                .asString()
                .startsWith("REFUSED rule=R1.1");
        assertThat(refused(MODEL.replace("1GiB", "unlimited"))).hasSize(1);
    }

    @Test
    void R1_3_aLongerDeadlineNeedsAWaiver() throws IOException {
        assertBound("R1.3", "limits: {request-timeout: 30s}\n", "limits: {request-timeout: 30001ms}\n");
    }

    @Test
    void R1_4_largerBodiesAndBatchesNeedAWaiver() throws IOException {
        assertBound("R1.4", "limits: {body-bytes: 10000000}\n", "limits: {body-bytes: 10000001}\n");
        assertBound("R1.4", "limits: {prompts-per-request: 32}\n", "limits: {prompts-per-request: 33}\n");
    }

    @Test
    void V1_1_sharingPrefixesInATenantNeedsAWaiver() throws IOException {
        assertBound("V1.1", "engine: {prefix-cache: principal}\n", "engine: {prefix-cache: tenant}\n");
    }

    @Test
    void V1_5_aRouteKeepsAtLeastOneStopOfBoundedLength() throws IOException {
        assertThat(check(MODEL + "stops: {completions: [\"\\n\\nQ:\", '" + "x".repeat(64) + "']}\n")
                        .exitCode())
                .isZero();
        assertThat(refused(MODEL + "stops: {completions: []}\n"))
                .singleElement()
                .asString()
                .startsWith("REFUSED rule=V1.5 found=stops.completions:empty");
        assertThat(refused(MODEL + "stops: {completions: ['" + "x".repeat(65) + "']}\n"))
                .hasSize(1);
        assertThat(refused(MODEL + "stops: {completions: [a, b, c, d, e, f, g, h, i]}\n"))
                .hasSize(1);
    }

    @Test
    void V5_2_theScreenHasAModeForEachRouteAndBoundedPatterns() throws IOException {
        String good = "screen: {chat: refuse, completions: signal, patterns: [project x-ray, 'забудь правила']}\n";
        assertThat(check(MODEL + good).exitCode()).isZero();
        assertThat(refused(MODEL + "screen: {chat: off}\n"))
                .singleElement()
                .asString()
                .contains("signal, refuse");
        assertThat(refused(MODEL + "screen: {patterns: ['a-b-c']}\n"))
                .singleElement()
                .asString()
                .contains("4 of them letters");
        assertThat(refused(MODEL + "screen: {patterns: [" + "x".repeat(65) + "]}\n"))
                .hasSize(1);
        assertThat(refused(MODEL + "screen: {patterns: [" + "abcd,".repeat(32) + "abcd]}\n"))
                .hasSize(1);
    }

    @Test
    void V5_5_administrationStaysOnTheMachine() throws IOException {
        for (String good : List.of("unix", "127.0.0.1:9000", "localhost:0", "'[::1]:9000'"))
            assertThat(check(MODEL + "admin: {listen: " + good + "}\n").exitCode())
                    .as(good)
                    .isZero();
        for (String open : List.of("0.0.0.0:9000", "192.168.1.1:9000", "example.org:9000", "'[::]:9000'"))
            assertThat(refused(MODEL + "admin: {listen: " + open + "}\n"))
                    .as(open)
                    .singleElement()
                    .asString()
                    .startsWith("REFUSED rule=V5.5 found=admin.listen:" + open.replace("'", ""));
        assertThat(refused(MODEL + "admin: {listen: '127.0.0.1:65536'}\n")).hasSize(1);
        assertThat(refused(MODEL + "admin: {listen: '9000'}\n")).hasSize(1);
    }

    @Test
    void V1_4_longerPromptsAndContextsNeedAWaiver() throws IOException {
        assertBound("V1.4", "limits: {prompt-code-points: 8192}\n", "limits: {prompt-code-points: 8193}\n");
        assertBound("V1.4", "engine: {max-model-len: 4096}\n", "engine: {max-model-len: 4097}\n");
    }

    @Test
    void V2_1_moreMemoryNeedsAWaiver() throws IOException {
        assertBound("V2.1", "engine: {memory-utilization: 0.85}\n", "engine: {memory-utilization: 0.851}\n");
    }

    @Test
    void V2_3_largerStepsNeedAWaiver() throws IOException {
        assertBound("V2.3", "engine: {max-num-seqs: 256}\n", "engine: {max-num-seqs: 257}\n");
        assertBound("V2.3", "engine: {max-num-batched-tokens: 8192}\n", "engine: {max-num-batched-tokens: 8193}\n");
    }

    @Test
    void V3_3_longerAnswersNeedAWaiver() throws IOException {
        assertBound("V3.3", "limits: {max-tokens: 2048}\n", "limits: {max-tokens: 2049}\n");
    }

    @Test
    void V3_4_moreRequestsNeedAWaiver() throws IOException {
        assertBound("V3.4", "limits: {requests-per-minute: 60}\n", "limits: {requests-per-minute: 61}\n");
    }

    private void assertBound(String rule, String good, String beyond) throws IOException {
        assertThat(check(MODEL + good).exitCode()).as(good).isZero();
        assertThat(refused(MODEL + beyond)).singleElement().asString().startsWith("REFUSED rule=" + rule + " ");
        Ran waived = check(MODEL + beyond + waiver(rule, today));
        assertThat(waived.exitCode()).as(waived.err()).isZero();
        assertThat(waived.out()).contains("waiver " + rule + " until " + today + "  (a test)");
        assertThat(refused(MODEL + beyond + waiver(rule, today.minusDays(1))))
                .hasSize(2)
                .anyMatch(line -> line.startsWith("REFUSED rule=" + rule + " found=waivers:expired-"));
    }

    @Test
    void anExpiredWaiverIsRefusedEvenWhereNothingNeedsIt() throws IOException {
        assertThat(refused(MODEL + waiver("V3.4", today.minusDays(1)))).hasSize(1);
    }

    @Test
    void anInvariantHasNoWaiver() throws IOException {
        assertThat(refused(MODEL + waiver("V5.3", today)))
                .singleElement()
                .asString()
                .contains("'waivers[0].rule' is V5.3, allowed is R1.1");
    }

    @Test
    void R1_2_tlsFilesAreCheckedAsAStartWould() throws IOException {
        Path tls = folder.resolve("tls");
        assertThat(Ran.command(folder.resolve("home"), "dev-cert", "--out", tls.toString())
                        .exitCode())
                .isZero();
        String good =
                MODEL + "http: {host: 0.0.0.0, tls: {certificate: tls/server.crt, key: \"file:tls/server.key\"}}\n";
        assertThat(check(good).err()).isEmpty();

        assertThat(refused(good.replace("server.crt", "gone.crt")))
                .singleElement()
                .asString()
                .contains("redoubt.yaml:2: 'http.tls.certificate'");
        assertThat(refused(good.replace("server.key", "ca.key")))
                .singleElement()
                .asString()
                .startsWith("REFUSED rule=R1.2")
                .contains("does not belong");
        assertThat(refused(good.replace("\"file:tls/server.key\"", "tls/server.key")))
                .singleElement()
                .asString()
                .startsWith("REFUSED rule=V4.4");
        assertThat(refused(good.replace("}}", ", versions: [1.2, 1.3]}}")))
                .singleElement()
                .asString()
                .startsWith("REFUSED rule=R1.2 found=http.tls.versions:1.2");
        Files.setPosixFilePermissions(tls.resolve("server.key"), PosixFilePermissions.fromString("rw-r-----"));
        assertThat(refused(good))
                .singleElement()
                .asString()
                .startsWith("REFUSED rule=R1.2")
                .contains("chmod 600");
    }

    @Test
    void V4_4_aSecretInTheFileIsRefused() throws IOException {
        String secret = "MIGHAgEAMBMGByqGSM49";
        assertThat(refused(MODEL + "http: {tls: {certificate: server.crt, key: " + secret + "}}\n"))
                .singleElement()
                .asString()
                .startsWith("REFUSED rule=V4.4")
                .doesNotContain(secret);
        assertThat(refused(MODEL + "hub: {token: hf_" + secret + "}\n"))
                .hasSize(2)
                .anyMatch(line ->
                        line.startsWith("REFUSED rule=V4.4") && line.contains("a key or token stands in the file"))
                .noneMatch(line -> line.contains(secret));
    }

    @Test
    void R1_2_nonLoopbackWithoutTlsIsRefused() throws IOException {
        try (ServerSocket taken =
                new ServerSocket(0, 1, InetAddress.getByName("0.0.0.0"))) { // a bind would fail otherwise than by 78
            Path file = Files.writeString(
                    folder.resolve("open.yaml"), MODEL + "http: {host: 0.0.0.0, port: " + taken.getLocalPort() + "}\n");
            Ran ran = Ran.command(folder.resolve("home"), "serve", "-f", file.toString());
            assertThat(ran.exitCode()).isEqualTo(78);
            assertThat(ran.err()).startsWith("REFUSED rule=R1.2 found=host:0.0.0.0");
        }
        for (String host : List.of("0.0.0.0", "::", "192.168.1.1", "example.org", "[::1]x", "localhost.example.org"))
            assertThat(Ran.command(folder.resolve("home"), "serve", "--host", host)
                            .exitCode())
                    .as(host)
                    .isEqualTo(78);
    }

    @Test
    void R4_3_beyondLoopbackTheFirstStartMakesNoKey() throws IOException {
        Path tls = folder.resolve("tls");
        Path home = folder.resolve("home");
        assertThat(Ran.command(home, "dev-cert", "--out", tls.toString()).exitCode())
                .isZero();
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 7);
        assertThat(Ran.command(home, "models", "add", model.toString(), "--name", "tiny")
                        .exitCode())
                .isZero();
        Path file = Files.writeString(
                folder.resolve("redoubt.yaml"),
                MODEL
                        + "http: {host: 0.0.0.0, port: 0, tls: {certificate: tls/server.crt, key: \"file:tls/server.key\"}}\n");
        Ran ran = Ran.command(home, "serve", "-f", file.toString());
        assertThat(ran.err()).startsWith("REFUSED rule=R4.3 found=keys:0");
        assertThat(ran.exitCode()).isEqualTo(78);
    }

    @Test
    void R4_3_keysOfOtherApplicationsAloneRefuseTheStart() throws IOException {
        Path home = folder.resolve("home");
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 7);
        assertThat(Ran.command(home, "models", "add", model.toString(), "--name", "tiny")
                        .exitCode())
                .isZero();
        Path file = Files.writeString(
                folder.resolve("redoubt.yaml"), MODEL + "applications: [{name: shop}]\nhttp: {port: 0}\n");
        assertThat(Ran.command(home, "serve", "-f", file.toString()).err())
                .startsWith("REFUSED rule=R4.3 found=keys:0");
        assertThat(Ran.command(home, "keys", "create", "--application", "bank", "--scopes", "inference")
                        .exitCode())
                .isZero();
        assertThat(Ran.command(home, "serve", "-f", file.toString()).err())
                .startsWith("REFUSED rule=R4.3 found=keys:0")
                .contains("keys create --application shop --scopes inference");
    }

    @Test
    void V5_3_stateThatOthersCanReadRefusesTheStart() throws IOException {
        Path home = folder.resolve("home");
        assertThat(Ran.command(home, "keys", "create", "--application", "local", "--scopes", "inference")
                        .exitCode())
                .isZero();
        List<String> found = new ArrayList<>();
        for (String file : List.of("redoubt.db", "key-secret")) {
            Path secret = home.resolve(file);
            Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-r--r--"));
            found.add(secret.toString());
        }
        assertThat(refused(MODEL))
                .hasSize(2)
                .allMatch(line ->
                        line.startsWith("REFUSED rule=V5.3") && found.stream().anyMatch(line::contains));
    }

    @Test
    void theFileIsTheOnlyPlaceForSettings() throws IOException {
        Path file = Files.writeString(folder.resolve("redoubt.yaml"), MODEL);
        Ran ran = Ran.command(folder.resolve("home"), "serve", "-f", file.toString(), "--port", "1");
        assertThat(ran.exitCode()).isEqualTo(64);
        assertThat(ran.err()).contains("--port cannot be given beside -f");
        assertThat(Ran.command(
                                folder.resolve("home"),
                                "check",
                                "-f",
                                folder.resolve("gone.yaml").toString())
                        .exitCode())
                .isEqualTo(66);
    }
}
