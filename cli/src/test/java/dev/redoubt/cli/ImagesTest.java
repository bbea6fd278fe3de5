package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// The product as users run it: packaged, on the module path, on the images that the launcher links, which lack most of
/// the JDK. What something needs and its image has not is missed here, and by no other test.
@Tag("image")
@SuppressWarnings("NullAway.Init")
final class ImagesTest {
    private static final String BEGINNING = "Once upon a time";
    private static final int ROUNDS = 2; // of first starts
    /// Of each application, so that all fit into two processors.
    private static final String QUOTA = "quota: {cpu: 0.3, memory: 1280MiB}";

    @TempDir
    private static Path folder;

    private static Checkout checkout;
    private static Path image; // the server's
    private static Process server;
    private static int port;

    /// A server whose application is a handler in Java. The images are linked by one of several first commands, which
    /// come at once.
    @BeforeAll
    static void serve() throws Exception {
        checkout = Checkout.packaged(folder);
        assertThat(atOnce(List.of(), List.of("version"), List.of("keys", "list"), List.of("audit-log", "verify")))
                .as(Files.readString(checkout.errors()))
                .containsOnly(0);
        String key = key("greeter");
        image = checkout.dist().resolve("jvm-" + System.getProperty("java.version"));
        server = checkout.start(
                List.of(), "serve", "-f", example("greeter", "http: {port: 0}").toString());
        port = checkout.ready(server);
        assertThat(ask("greeter", key)).isEqualTo("{\"text\":\"Hello Ada\",\"caller\":\"greeter\"}");
    }

    @AfterAll
    static void stop() throws InterruptedException {
        if (server != null) Checkout.kill(server);
    }

    /// A command, on the image.
    private static String ran(String... arguments) throws Exception {
        Ran ran = checkout.run(List.of(), arguments);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        return ran.out();
    }

    /// The exit codes of commands that are started at the same moment.
    @SafeVarargs
    private static List<Integer> atOnce(List<String> environment, List<String>... commands) throws Exception {
        List<Process> started = new ArrayList<>();
        for (List<String> command : commands) started.add(checkout.start(environment, command.toArray(String[]::new)));
        List<Integer> codes = new ArrayList<>();
        for (Process each : started) codes.add(each.waitFor());
        return codes;
    }

    private static String key(String application) throws Exception {
        return ran("keys", "create", "--application", application).strip();
    }

    /// The configuration of one of `examples/`, with its handlers compiled and so little of the processors that all
    /// fit.
    private static Path example(String name, String more) throws IOException {
        Path example = Files.createDirectories(folder.resolve(name));
        try (Stream<Path> files = Files.list(Path.of("..", "examples", name))) {
            for (Path file : files.toList()) Files.copy(file, example.resolve(file.getFileName()));
        }
        List<Path> sources;
        try (Stream<Path> files = Files.list(example)) {
            sources = files.filter(file -> file.toString().endsWith(".java")).toList();
        }
        HandlerJar jar = HandlerJar.of(example, "handlers", sources);
        Path file = example.resolve("redoubt.yaml");
        String text = Files.readString(file)
                .replace("sha256:HANDLERS", jar.digest())
                .replace("jar: handlers.jar", "jar: " + jar.path())
                .replaceAll("cpu: [0-9.]+", "cpu: 0.1")
                .replaceFirst("(?m)^  - name: .*$", "$0\n    " + QUOTA);
        return Files.writeString(file, more + "\n" + text);
    }

    /// The body of the answer to the example's own request.
    private static String ask(String application, String key) throws IOException {
        return ask(
                "/" + application,
                key,
                Files.readString(folder.resolve(application).resolve("request.json")));
    }

    private static String ask(String path, String key, String request) throws IOException {
        try (PlainClient client = new PlainClient(port)) {
            PlainClient.Reply reply = client.ask(PlainClient.post(path, key, request));
            assertThat(reply.status()).as(reply.body()).isEqualTo(200);
            return reply.body();
        }
    }

    /// How many processes of the server run on that JVM.
    private static long processesOn(Path jvm) throws IOException {
        String java = jvm.toRealPath().resolve("bin/java").toString();
        return Stream.concat(Stream.of(server.toHandle()), server.descendants())
                .filter(process -> process.info().command().filter(java::equals).isPresent())
                .count();
    }

    @Test
    void handlersInJavaRunOnTheImageOfWorkersAndTheServerOnItsOwn() throws Exception {
        assertThat(processesOn(image.resolve("worker"))).isPositive();
        assertThat(processesOn(image)).isPositive();
    }

    @Test
    void anOnnxModelAnswers() throws Exception {
        String key = key("digits");
        ran("deploy", "-f", example("digits", "").toString());
        assertThat(ask("digits", key)).startsWith("{\"digit\":7,\"logits\":[-12.647");
    }

    @Test
    void R1_6_aTorchScriptModelAnswers() throws Exception {
        Path file = example("digits-torchscript", "");
        Path signer = file.resolveSibling("key");
        ran("models", "keygen", "--out", signer.toString());
        for (String model : List.of("preprocess.pt", "classifier.pt"))
            ran("models", "sign", file.resolveSibling(model).toString(), "--key", signer + ".pem");
        String key = key("digits-torchscript");
        ran("deploy", "-f", file.toString());
        assertThat(ask("digits-torchscript", key)).isEqualTo("{\"digit\":7}");
    }

    @Test
    void aLanguageModelSaysWhatItsReferenceSays() throws Exception {
        String golden = Files.readString(Shared.testdata("stories260k/greedy-200.txt"));
        String model = Shared.testdata("stories260k/stories260K.gguf").toString();
        String told = ran("run", "--model", model, "--greedy", "--max-tokens", "100", BEGINNING);
        assertThat(golden).startsWith(BEGINNING + told.stripTrailing());
        assertThat(told).hasSizeGreaterThan(150);

        ran("models", "add", model, "--name", "stories");
        String key = key("stories");
        ran(
                "deploy",
                "-f",
                Files.writeString(folder.resolve("stories.yaml"), """
                applications:
                  - name: stories
                    %s
                    deployments:
                      - name: Teller
                        llm: {model: stories}
                        cpu: 0.1
                        memory: 64MiB
                        max-ongoing-requests: 4
                """.formatted(QUOTA))
                        .toString());
        String reply = ask(
                "/v1/completions",
                key,
                "{\"model\":\"stories\",\"prompt\":\"" + BEGINNING + "\",\"max_tokens\":100,\"temperature\":0}");
        assertThat(JsonMapper.shared().readTree(reply).at("/choices/0/text").asString())
                .isEqualTo(told.substring(0, told.length() - 1));
    }

    @Test
    void theKernelsAreThoseOfTheMachine() throws Exception {
        String kernels = "kernels in use .*";
        Ran here = Ran.command(checkout.home, "doctor");
        assertThat(ran("doctor").lines().filter(line -> line.matches(kernels)))
                .containsExactlyElementsOf(
                        here.out().lines().filter(line -> line.matches(kernels)).toList());
    }

    /// The secret of keys, the log with its key, the database, the store and its list: whoever comes first makes them.
    @Test
    void firstCommandsAtOnceInAnEmptyHomeAllSucceed() throws Exception {
        String model =
                TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 1).toString();
        for (int round = 0; round < ROUNDS; round++) {
            List<String> home =
                    List.of("REDOUBT_HOME", folder.resolve("home-" + round).toString());
            List<Integer> codes = atOnce(
                    home,
                    List.of("keys", "create", "--application", "one"),
                    List.of("models", "add", model, "--name", "first"),
                    List.of("keys", "create", "--application", "two"),
                    List.of("models", "add", model, "--name", "second"),
                    List.of("audit-log", "verify"));
            assertThat(codes).as(Files.readString(checkout.errors())).containsOnly(0);
            assertThat(checkout.run(home, "audit-log", "verify").exitCode()).isZero();
            assertThat(checkout.run(home, "keys", "list").out()).contains("one", "two");
            assertThat(checkout.run(home, "models", "list").out()).contains("first", "second");
        }
    }
}
