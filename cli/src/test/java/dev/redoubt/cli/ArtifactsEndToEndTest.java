package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// A server that is a process, with workers: what is wanted runs on when the files it was deployed from are others, or
/// gone.
@SuppressWarnings("NullAway.Init")
final class ArtifactsEndToEndTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private Checkout checkout;
    private String key;
    private Process server;
    private int port;

    @BeforeEach
    void setUp() throws Exception {
        checkout = Checkout.built(folder);
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

    private void killAndStart(String... arguments) throws Exception {
        Checkout.kill(server);
        start(arguments);
    }

    /// A build of it, always of the same name; one that is asked for trouble ends its process.
    private HandlerJar greeter(String words) throws IOException {
        HandlerJar jar = HandlerJar.compiled(folder, words, "Greeter", """
                import dev.redoubt.serve.*;
                @Deployment(name = "Greeter", maxOngoingRequests = 16, cpus = 0.2, memoryMiB = 128)
                public final class Greeter implements Handler<Greeter.Name, Greeter.Greeting> {
                    public record Name(String name) {}
                    public record Greeting(String text) {}
                    @Override public Greeting handle(Name input) {
                        if (input.name().equals("trouble")) Runtime.getRuntime().halt(3);
                        return new Greeting("%s");
                    }
                }
                """.formatted(words));
        Path same = folder.resolve("h.jar");
        Files.copy(jar.path(), same, StandardCopyOption.REPLACE_EXISTING);
        return new HandlerJar(same, jar.digest());
    }

    private String file(String runtime) throws IOException {
        return Files.writeString(folder.resolve("hello.yaml"), """
                http: {port: 0}
                applications:
                  - name: hello
                    quota: {cpu: 1, memory: 1GiB}
                    deployments:
                      - name: Greeter
                        %s
                        cpu: 0.2
                        memory: 256MiB
                        max-ongoing-requests: 16
                """.formatted(runtime))
                .toString();
    }

    private String file(HandlerJar jar) throws IOException {
        return file("java: {class: team.Greeter, jar: %s, digest: \"%s\"}".formatted(jar.path(), jar.digest()));
    }

    private PlainClient.Reply call(String body) throws IOException {
        try (PlainClient client = new PlainClient(port)) {
            return client.ask(PlainClient.post("/hello", key, body));
        }
    }

    private String greeting() throws IOException {
        return call("{\"name\":\"Ada\"}").body();
    }

    private void deploy(String file) {
        Ran ran = command("deploy", "-f", file);
        assertThat(ran.exitCode()).as(ran.out() + ran.err()).isZero();
    }

    private List<String> kept() throws IOException {
        Path artifacts = checkout.home.resolve("artifacts");
        if (!Files.exists(artifacts)) return List.of();
        try (Stream<Path> all = Files.list(artifacts)) {
            return all.map(one -> String.valueOf(one.getFileName()).replace("sha256-", "sha256:"))
                    .toList();
        }
    }

    @Test
    void aJarMayBeOverwrittenAndGoWhateverIsDoneThen() throws Exception {
        HandlerJar one = greeter("one");
        String file = file(one);
        assertThat(command("check", "-f", file).exitCode()).isZero();
        start("serve", "-f", file);
        HandlerJar two = greeter("two");
        Ran dry = command("deploy", "--dry-run", "-f", file(two));
        assertThat(dry.exitCode()).as(dry.err()).isZero();
        assertThat(kept()).containsExactly(one.digest());
        deploy(file(two));
        assertThat(kept()).containsExactlyInAnyOrder(one.digest(), two.digest());
        greeter("three");
        Ran replaced = command("deploy", "-f", file(two));
        assertThat(replaced.exitCode()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(replaced.out()).isEmpty();
        assertThat(replaced.err()).contains("(R1.6)");
        assertThat(records()).contains("application.deploy hello R1.6 refused, problems: 1");

        Ran back = command("rollback", "hello"); // its jar is the newer build
        assertThat(back.exitCode()).as(back.out() + back.err()).isZero();
        assertThat(greeting()).isEqualTo("{\"text\":\"one\"}");

        assertThat(call("{\"name\":\"trouble\"}").status()).isEqualTo(503);
        assertThat(greetingAfterAll()).isEqualTo("{\"text\":\"one\"}");

        Files.delete(one.path());
        killAndStart("serve", "-f", file(one));
        assertThat(greeting()).isEqualTo("{\"text\":\"one\"}");
        assertThat(command("delete", "hello", "--wait").exitCode()).isZero();
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!kept().isEmpty() && System.nanoTime() < end) server.waitFor(10, TimeUnit.MILLISECONDS);
        assertThat(kept()).isEmpty();
    }

    @Test
    void R1_6_aCopyThatWasChangedInTheHomeIsInTheAuditLog() throws Exception {
        HandlerJar jar = greeter("one");
        start("serve", "-f", file(jar));
        Path copy = checkout.home.resolve("artifacts").resolve(kept().getFirst().replace("sha256:", "sha256-"));
        Files.writeString(copy, "changed");
        assertThat(call("{\"name\":\"trouble\"}").status()).isEqualTo(503);
        assertThat(greetingAfterAll()).isEqualTo("{\"text\":\"one\"}");
        assertThat(copy).hasSameBinaryContentAs(jar.path());
        Files.writeString(copy, "changed");
        Files.delete(jar.path());
        assertThat(command("scale", "hello", "Greeter", "2").err()).contains(copy + " was changed (R1.6)");
        String record = "application.artifact " + jar.digest() + " R1.6 changed, ";
        assertThat(records()).contains(record + "taken again from its file", record + "refused");
    }

    @Test
    void R1_6_aStartThatADigestRefusesIsInTheAuditLog() throws Exception {
        HandlerJar jar = greeter("one");
        Files.writeString(jar.path(), "changed");
        assertThat(checkout.run(List.of(), "serve", "-f", file(jar)).exitCode()).isEqualTo(78);
        assertThat(records()).anyMatch(record -> record.startsWith("start.refused serve R1.6"));
    }

    /// Kind, subject, rule and outcome of each.
    private List<String> records() {
        return command("audit-log", "export")
                .out()
                .lines()
                .map(line -> JsonMapper.shared().readTree(line))
                .map(record -> Stream.of("kind", "subject", "rule", "outcome")
                        .map(field -> record.path(field).asString(""))
                        .collect(Collectors.joining(" ")))
                .toList();
    }

    /// When the replica that has ended is replaced.
    private String greetingAfterAll() throws Exception {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            PlainClient.Reply reply = call("{\"name\":\"Ada\"}");
            if (reply.status() == 200 || System.nanoTime() > end) return reply.body();
            server.waitFor(100, TimeUnit.MILLISECONDS);
        }
    }

    @Test
    void aModelMayGoBeforeAServerThatWasKilledStartsAgain() throws Exception {
        Path model = Files.copy(Shared.testdata("digits/classifier.onnx"), folder.resolve("classifier.onnx"));
        String digest = HandlerJar.digest(Files.readAllBytes(model));
        String file = file("onnx: {model: %s, digest: \"%s\"}".formatted(model, digest));
        start("serve", "-f", file);
        assertThat(kept()).containsExactly(digest);
        String body = "{\"image\":[[[%s]]]}".formatted(String.join(",", Collections.nCopies(8, "[0,0,0,0,0,0,0,0]")));
        String before = call(body).body();
        Files.delete(model);
        killAndStart("serve", "-f", file);
        PlainClient.Reply reply = call(body);
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        assertThat(reply.body()).isEqualTo(before);
    }
}
