package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Home;
import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Applications by the commands that a user gives, to a server that is a process, with handlers from a jar.
@SuppressWarnings("NullAway.Init")
final class ApplicationsEndToEndTest {
    private static final String BODY = "{\"name\":\"Ada\"}";

    @TempDir
    private Path folder;

    private Checkout checkout;
    private String key;
    private Process server;
    private int port;

    @BeforeEach
    void setUp() throws Exception {
        checkout = Checkout.built(folder);
        String model =
                TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 1).toString();
        assertThat(command("models", "add", model, "--name", "tiny").exitCode()).isZero();
        key = command("keys", "create", "--application", "hello").out().strip();
    }

    @AfterEach
    void tearDown() throws Exception {
        if (server != null) Checkout.kill(server);
    }

    private Ran command(String... arguments) {
        return Ran.command(checkout.home, arguments);
    }

    private void start(String... arguments) throws IOException {
        server = checkout.start(List.of(), arguments);
        port = checkout.ready(server);
    }

    /// @param words what it says, or how it fails
    private HandlerJar greeter(String name, String words) throws IOException {
        return HandlerJar.compiled(folder, name, "Greeter", """
                import dev.redoubt.serve.*;
                @Deployment(name = "Greeter", maxOngoingRequests = 16, cpus = 0.2, memoryMiB = 128)
                public final class Greeter implements Handler<Greeter.Name, Greeter.Greeting> {
                    public record Name(String name) {}
                    public record Greeting(String text) {}
                    @Override public Greeting handle(Name input) {
                        if (input.name().equals("trouble")) throw new IllegalStateException("a secret");
                        return new Greeting(%s);
                    }
                    @Override public void healthCheck() throws Exception { %s }
                }
                """.formatted(
                        words.isEmpty() ? "\"\"" : "\"" + words + " \" + input.name()",
                        words.isEmpty() ? "throw new IllegalStateException();" : ""));
    }

    private Path file(HandlerJar jar) throws IOException {
        return Files.writeString(folder.resolve("hello.yaml"), """
                http: {port: 0}
                limits: {requests-per-minute: 60}
                applications:
                  - name: hello
                    quota: {cpu: 1, memory: 512MiB}
                    deployments:
                      - name: Greeter
                        java: {class: team.Greeter, jar: %s, digest: "%s"}
                        cpu: 0.2
                        memory: 128MiB
                        max-ongoing-requests: 16
                        health-check: {period: 500ms, timeout: 5s, misses: 1}
                """.formatted(jar.path(), jar.digest()));
    }

    private PlainClient.Reply call() throws IOException {
        try (PlainClient client = new PlainClient(port)) {
            return client.ask(PlainClient.post("/hello", key, BODY));
        }
    }

    @Test
    void aHandlerIsDeployedUpdatedGivenUpAndKept() throws Exception {
        start("serve", "--model", "tiny", "--port", "0");
        assertThat(call().status()).isEqualTo(404);

        Ran dry = command(
                "deploy", "--dry-run", "-f", file(greeter("v1", "Hello")).toString());
        assertThat(dry.out()).as(dry.err()).contains("application 'hello' is new");
        assertThat(call().status()).isEqualTo(404);
        Ran first = command("deploy", "-f", file(greeter("v1", "Hello")).toString());
        assertThat(first.exitCode()).as(first.out() + first.err()).isZero();
        assertThat(call().body()).isEqualTo("{\"text\":\"Hello Ada\"}");

        Ran second = command("deploy", "-f", file(greeter("v2", "Good day")).toString());
        assertThat(second.exitCode()).as(second.out() + second.err()).isZero();
        assertThat(call().body()).isEqualTo("{\"text\":\"Good day Ada\"}");

        Ran bad = command("deploy", "-f", file(greeter("v3", "")).toString());
        assertThat(bad.exitCode()).isEqualTo(ExitCode.UNAVAILABLE.code());
        assertThat(bad.out()).contains("DEPLOY_FAILED");
        assertThat(call().body()).isEqualTo("{\"text\":\"Good day Ada\"}");

        Checkout.kill(server);
        start("serve", "--model", "tiny", "--port", "0");
        assertThat(call().body()).isEqualTo("{\"text\":\"Good day Ada\"}");
        assertThat(command("status").out()).contains("app     hello  ").contains("Greeter");

        assertThat(command("rollback", "hello").exitCode()).isZero();
        assertThat(call().body()).isEqualTo("{\"text\":\"Hello Ada\"}");
        Ran gone = command("delete", "hello", "--wait");
        assertThat(gone.exitCode()).as(gone.out() + gone.err()).isZero();
        assertThat(gone.out())
                .contains("application hello is gone", "keys of application hello that are active: 1;", "keys revoke ");
        assertThat(command("status").out()).doesNotContain("app     hello");
        assertThat(call().status()).isEqualTo(404);
    }

    @Test
    void aFileUndoesNothingThatWasDoneAfterItUntilItSaysSomethingElse() throws Exception {
        String said = file(greeter("v1", "Hello")).toString();
        String other = Files.copy(Path.of(said), folder.resolve("start.yaml")).toString();
        start("serve", "-f", other);
        assertThat(command("deploy", "-f", file(greeter("v2", "Good day")).toString())
                        .exitCode())
                .isZero();
        assertThat(command("scale", "hello", "Greeter", "2").exitCode()).isZero();
        Checkout.kill(server);
        start("serve", "-f", other);
        assertThat(call().body()).isEqualTo("{\"text\":\"Good day Ada\"}");
        assertThat(command("status").out()).contains("2 of 2 replicas");
        assertThat(line("file   ")).startsWith("file   hello is version 2 by now: ");

        assertThat(command("delete", "hello", "--wait").exitCode()).isZero();
        Checkout.kill(server);
        start("serve", "-f", other);
        assertThat(call().status()).isEqualTo(404);
        assertThat(line("file   ")).startsWith("file   hello was deleted since: ");

        Checkout.kill(server);
        Files.writeString(Path.of(other), Files.readString(Path.of(other)).replace("cpu: 0.2", "cpu: 0.25"));
        start("serve", "-f", other);
        assertThat(call().body()).isEqualTo("{\"text\":\"Hello Ada\"}");
    }

    /// The next one that the server prints and that begins so.
    private String line(String beginning) throws IOException {
        while (true) {
            String line = server.inputReader(StandardCharsets.UTF_8).readLine();
            if (line == null || line.startsWith(beginning)) return String.valueOf(line);
        }
    }

    @Test
    void whoScalesIsToldWhatStartsAndWhyItDoesNot() throws Exception {
        HandlerJar jar = greeter("v1", "Hello");
        start("serve", "-f", file(jar).toString());
        Ran two = command("scale", "hello", "Greeter", "2");
        assertThat(two.exitCode()).as(two.out() + two.err()).isZero();
        assertThat(command("logs", "hello").out()).contains("SCALED, version 1: Greeter has 2 replicas");
        Files.delete(jar.path());
        DurableFiles.deleteTree(new Home(checkout.home).artifacts());
        Ran three = command("scale", "hello", "Greeter", "3");
        assertThat(three.exitCode()).as(three.out() + three.err()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(three.out() + three.err()).contains("cannot be read");
        assertThat(call().status()).isEqualTo(200);
    }

    @Test
    void R1_5_anUpdateDropsNoRequest() throws Exception {
        start("serve", "-f", file(greeter("v1", "Hello")).toString());
        ConcurrentLinkedQueue<String> wrong = new ConcurrentLinkedQueue<>();
        AtomicBoolean over = new AtomicBoolean();
        Thread asking = Thread.ofPlatform().start(() -> {
            try (PlainClient client = new PlainClient(port)) {
                while (!over.get()) {
                    PlainClient.Reply reply = client.ask(PlainClient.post("/hello", key, BODY));
                    if (reply.status() == 429) return; // sixty in a minute: enough
                    if (reply.status() != 200) wrong.add(reply.status() + " " + reply.body());
                }
            } catch (IOException e) {
                wrong.add(e.toString());
            }
        });
        Ran second = command("deploy", "-f", file(greeter("v2", "Good day")).toString());
        over.set(true);
        asking.join();
        assertThat(second.exitCode()).as(second.out() + second.err()).isZero();
        assertThat(wrong).isEmpty();
    }

    @Test
    void R5_3_V1_6_whereAHandlerFailedIsInTheLogAndWhatItSaidIsNot() throws Exception {
        start("serve", "-f", file(greeter("v1", "Hello")).toString());
        try (PlainClient client = new PlainClient(port)) {
            PlainClient.Reply reply = client.ask(PlainClient.post("/hello", key, "{\"name\":\"trouble\"}"));
            assertThat(reply.status()).isEqualTo(500);
            assertThat(reply.body()).doesNotContain("Illegal").doesNotContain("secret");
        }
        assertThat(Files.readString(checkout.errors()))
                .contains("failed in a worker: java.lang.IllegalStateException at application//team.Greeter.handle")
                .doesNotContain("a secret");
        assertThat(call().status()).isEqualTo(200);
        Ran logs = command("logs", "hello/Greeter");
        assertThat(logs.out())
                .as(logs.err())
                .contains("DEPLOYED, version 1")
                .contains("takes calls")
                .contains("failed: java.lang.IllegalStateException\n")
                .doesNotContain("a secret")
                .doesNotContain("trouble");
        Ran other = command("logs", "hello/Other");
        assertThat(other.exitCode()).as(other.out()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(other.err()).contains("application 'hello' has no deployment 'Other': it has [Greeter]");
        JsonNode status =
                JsonMapper.shared().readTree(command("status", "--json").out());
        assertThat(status.path("ready").asBoolean()).isTrue();
        assertThat(status.at("/applications/0/name").asString()).isEqualTo("hello");
        assertThat(status.at("/applications/0/deployments/0/state").asString()).isEqualTo("HEALTHY");
        assertThat(command("logs", "nobody").exitCode()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(command("logs", "no/such/place").exitCode()).isEqualTo(ExitCode.USAGE.code());
    }

    @Test
    void anOnnxModelAnswersAsItsReference() throws Exception {
        Path model = Shared.testdata("digits/classifier.onnx");
        Path file = Files.writeString(
                folder.resolve("digits.yaml"), """
                http: {port: 0}
                applications:
                  - name: hello
                    deployments:
                      - name: Classifier
                        onnx: {model: %s, digest: "%s"}
                        cpu: 1
                        memory: 256MiB
                        max-ongoing-requests: 4
                """.formatted(model, HandlerJar.digest(Files.readAllBytes(model))));
        start("serve", "-f", file.toString());
        JsonNode golden = JsonMapper.shared()
                .readTree(Files.readString(Shared.testdata("digits/golden.json")))
                .at("/cases/0");
        StringBuilder rows = new StringBuilder();
        for (int row = 0; row < 8; row++) {
            List<String> pixels = new ArrayList<>();
            for (int i = 0; i < 8; i++)
                pixels.add(String.valueOf(golden.path("pixels").get(row * 8 + i).asDouble() / 16));
            rows.append(row == 0 ? "[" : ",[").append(String.join(",", pixels)).append("]");
        }
        try (PlainClient client = new PlainClient(port)) {
            PlainClient.Reply reply = client.ask(PlainClient.post("/hello", key, "{\"image\":[[[" + rows + "]]]}"));
            assertThat(reply.status()).as(reply.body()).isEqualTo(200);
            JsonNode logits = JsonMapper.shared().readTree(reply.body()).at("/logits/0");
            for (int i = 0; i < 10; i++)
                assertThat(logits.get(i).asDouble())
                        .isCloseTo(golden.path("logits").get(i).asDouble(), within(1e-4));
            PlainClient.Reply wrong = client.ask(PlainClient.post("/hello", key, "{\"image\":[[[[1,2]]]]}"));
            assertThat(wrong.status()).as(wrong.body()).isEqualTo(400);
        }
        assertThat(command("status").out()).contains("within  a process of its own: memory by", "network: none");
    }

    @Test
    void R1_6_anotherJarThanWasApprovedIsRefused() throws Exception {
        start("serve", "--model", "tiny", "--port", "0");
        HandlerJar jar = greeter("v1", "Hello");
        Path file = file(new HandlerJar(jar.path(), "sha256:" + "0".repeat(64)));
        Ran refused = command("deploy", "-f", file.toString());
        assertThat(refused.exitCode()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(refused.err()).contains("Greeter").contains(jar.digest().substring("sha256:".length()));
        assertThat(call().status()).isEqualTo(404);
        Path capitals = file(new HandlerJar(jar.path(), "sha256:" + "A".repeat(64)));
        assertThat(command("deploy", "-f", capitals.toString()).err()).contains("64 hexadecimal digits in lower case");
    }

    @Test
    void R4_2_moreThanTheQuotaIsRefused() throws Exception {
        start("serve", "--model", "tiny", "--port", "0");
        Path file = file(greeter("v1", "Hello"));
        Files.writeString(file, Files.readString(file).replace("cpu: 0.2", "cpu: 2"));
        Ran refused = command("deploy", "-f", file.toString());
        assertThat(refused.exitCode()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(refused.err()).contains("quota");
        assertThat(command("deploy", "-f", file(greeter("v2", "Hello")).toString())
                        .exitCode())
                .isZero();
        Ran scaled = command("scale", "hello", "Greeter", "50");
        assertThat(scaled.exitCode()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(scaled.err()).contains("R2.2: deployment 'Greeter'", "quota");
        assertThat(command("rollback", "nobody").err()).contains("nobody");
    }
}
