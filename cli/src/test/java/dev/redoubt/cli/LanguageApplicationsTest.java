package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.errors.NotFoundException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.models.Model;
import dev.redoubt.base.Home;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Language models as deployments, reached as their users reach them.
@SuppressWarnings("NullAway.Init")
final class LanguageApplicationsTest {
    @TempDir
    private Path folder;

    private Path home;
    private String red;
    private String blue;
    private String metrics;
    private Server server;

    @BeforeEach
    void setUp() throws Exception {
        home = folder.resolve("home");
        add("tiny", 1);
        add("other", 2);
        red = key("red", "inference");
        blue = key("blue", "inference");
        metrics = key("red", "metrics");
    }

    @AfterEach
    void tearDown() {
        if (server != null) server.close();
    }

    private void add(String name, int seed) throws IOException {
        Path file = TinyModels.gguf(folder.resolve(name + ".gguf"), WeightKind.Q8_0, seed);
        ran("models", "add", file.toString(), "--name", name);
    }

    private String key(String application, String scope) {
        return ran("keys", "create", "--application", application, "--scopes", scope)
                .out()
                .strip();
    }

    private Ran ran(String... arguments) {
        Ran ran = Ran.command(home, arguments);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        return ran;
    }

    private void start(String yaml) throws IOException {
        Path file = Files.writeString(folder.resolve("redoubt.yaml"), "http: {port: 0}\n" + yaml);
        Console silent = Console.of(new ByteArrayOutputStream(), new ByteArrayOutputStream());
        Context context = new Context(new Home(home.toAbsolutePath()), silent);
        server = Server.start(
                context,
                LocalModels.serving(context, Optional.empty()),
                ServerConfigReader.read(file, LocalDate.of(2026, 1, 1)));
    }

    private static String application(String name, String deployment, String llm) {
        return """
                  - name: %s
                    quota: {cpu: 0.5, memory: 256MiB}
                    deployments:
                      - name: %s
                        llm: {%s}
                        cpu: 0.1
                        memory: 64MiB
                        max-ongoing-requests: 4
                """.formatted(name, deployment, llm);
    }

    private OpenAIClient openai(String key) {
        return OpenAIOkHttpClient.builder()
                .apiKey(key)
                .baseUrl("http://127.0.0.1:" + server.port() + "/v1")
                .maxRetries(0)
                .build();
    }

    private String ask(String key, String model) {
        ChatCompletion answer = openai(key)
                .chat()
                .completions()
                .create(ChatCompletionCreateParams.builder()
                        .model(model)
                        .addUserMessage("Hello")
                        .maxCompletionTokens(8)
                        .temperature(0.0)
                        .build());
        return answer.choices().getFirst().message().content().orElseThrow();
    }

    private List<String> models(String key) {
        return openai(key).models().list().items().stream().map(Model::id).toList();
    }

    private PlainClient.Reply post(String path, String key, String body) throws IOException {
        try (PlainClient client = new PlainClient(server.port())) {
            return client.ask(PlainClient.post(path, key, body));
        }
    }

    private double metric(String name) throws IOException {
        try (PlainClient client = new PlainClient(server.port())) {
            String all = client.ask(PlainClient.get("/metrics", metrics)).body();
            return all.lines()
                    .filter(line -> line.startsWith(name + " "))
                    .mapToDouble(line -> Double.parseDouble(line.substring(name.length() + 1)))
                    .findAny()
                    .orElseThrow(() -> new AssertionError(name + " is not in " + all));
        }
    }

    @Test
    void V1_2_anApplicationHasAPoolAndALoopOfItsOwn() throws Exception {
        start("applications:\n"
                + application("red", "Chat", "model: tiny, engine: dedicated")
                + application("blue", "Chat", "model: tiny, engine: dedicated"));
        assertThat(models(red)).containsExactly("tiny");
        double checks = metric("redoubt_engine_steps_total{model_name=\"blue/tiny\"}"); // of the canary, at the load
        double before = metric("redoubt_engine_steps_total{model_name=\"red/tiny\"}");
        String answer = ask(red, "tiny");
        assertThat(metric("redoubt_engine_steps_total{model_name=\"red/tiny\"}"))
                .isGreaterThan(before);
        assertThat(metric("redoubt_engine_steps_total{model_name=\"blue/tiny\"}"))
                .isEqualTo(checks);
        assertThat(metric("redoubt_kv_blocks{model_name=\"blue/tiny\"}")).isPositive();
        assertThat(ask(blue, "tiny")).as("the same weights say the same").isEqualTo(answer);
        assertThat(ran("status").out()).contains("model   tiny  of red  sha256:", "model   tiny  of blue  sha256:");
        assertThat(metric("vllm:prompt_tokens_cached_total{model_name=\"blue/tiny\"}"))
                .as("nothing that red has computed is found")
                .isZero();
    }

    @Test
    void R4_3_theModelOfAnotherApplicationIsUnknown() throws Exception {
        start("applications:\n"
                + application("red", "Chat", "model: tiny")
                + application("blue", "Chat", "model: other"));
        assertThat(models(red)).containsExactly("tiny");
        assertThat(models(blue)).containsExactly("other");
        assertThatThrownBy(() -> ask(red, "other")).isInstanceOf(NotFoundException.class);
        String body = "{\"model\":\"%s\",\"prompt\":\"a\",\"max_tokens\":1}";
        PlainClient.Reply foreign = post("/v1/completions", red, body.formatted("other"));
        PlainClient.Reply unknown = post("/v1/completions", red, body.formatted("ether"));
        assertThat(foreign.status()).isEqualTo(404);
        assertThat(foreign.body().replace("other", "ether")).isEqualTo(unknown.body());
        assertThat(post("/red", red, "{\"messages\":[]}").status())
                .as("a model is called at /v1, where prompts are screened and tokens counted")
                .isEqualTo(404);
    }

    @Test
    void applicationsShareTheServersEngineWhereTheySaySo() throws Exception {
        start("model: {name: other, cpu: 1, memory: 256MiB, max-ongoing-requests: 4}\napplications:\n"
                + application("red", "Chat", "model: tiny")
                + application("blue", "Chat", "model: other, engine: shared"));
        assertThat(models(red)).containsExactly("tiny", "other");
        assertThat(models(blue)).containsExactly("other");
        assertThat(ask(blue, "other")).isEqualTo(ask(red, "other"));
        assertThat(metric("redoubt_engine_steps_total{model_name=\"blue/other\"}"))
                .isEqualTo(metric("redoubt_engine_steps_total{model_name=\"other\"}"));
    }

    @Test
    void R1_5_anUpdateOfAModelFailsNobody() throws Exception {
        start("""
                limits: {requests-per-minute: 6000, tokens-per-minute: 1000000}
                waivers: [{rule: V3.4, reason: "asks without a pause", expires: 2026-12-31}]
                applications:
                """ + application("red", "Chat", "model: tiny"));
        String answer = ask(red, "tiny");
        var stop = new AtomicBoolean();
        CompletableFuture<Integer> asking = CompletableFuture.supplyAsync(
                () -> {
                    int asked = 0;
                    for (; !stop.get(); asked++) assertThat(ask(red, "tiny")).isEqualTo(answer);
                    return asked;
                },
                Thread::startVirtualThread);
        try {
            for (String memory : List.of("70MiB", "72MiB")) {
                String changed = application("red", "Chat", "model: tiny").replace("64MiB", memory);
                Path file = Files.writeString(folder.resolve("changed.yaml"), "applications:\n" + changed);
                assertThat(ran("deploy", "-f", file.toString()).out()).contains("RUNNING");
            }
        } finally {
            stop.set(true);
        }
        assertThat(asking.get(60, TimeUnit.SECONDS)).isPositive();
    }

    @Test
    void V4_1_aVersionRunsTheModelThatItWasDeployedWith() throws Exception {
        String file = "applications:\n" + application("red", "Chat", "model: tiny");
        start(file);
        String answer = ask(red, "tiny");
        String digest = digest("tiny");
        ran("models", "remove", "tiny");
        add("tiny", 3);
        String another = digest("tiny");
        String update = "digest " + another + " instead of " + digest;
        String yaml = folder.resolve("redoubt.yaml").toString();

        Ran more = Ran.command(home, "scale", "red", "Chat", "2");
        assertThat(more.exitCode()).isNotZero();
        assertThat(more.err()).contains(another, digest, "deploy again");
        for (int i = 0; i < 4; i++) assertThat(ask(red, "tiny")).isEqualTo(answer);
        assertThat(ran("deploy", "-f", yaml, "--dry-run").out()).contains(update);
        assertThat(ran("deploy", "-f", yaml).out()).contains("RUNNING");
        assertThat(ask(red, "tiny")).isNotEqualTo(answer);
        assertThat(ran("status").out()).contains("model   tiny  of red  " + another);
        assertThat(ran("deploy", "-f", yaml, "--dry-run").out()).doesNotContain("instead of");

        Ran back = Ran.command(home, "rollback", "red");
        assertThat(back.exitCode()).isNotZero();
        assertThat(back.err()).contains(another, digest, "another name");
    }

    private String digest(String model) {
        return ran("models", "show", model)
                .out()
                .lines()
                .filter(line -> line.startsWith("digest"))
                .map(line -> line.substring("digest".length()).strip())
                .findAny()
                .orElseThrow();
    }

    @Test
    void whereAModelThatCannotBeHadWouldBeIsSaidAfterAStart() throws Exception {
        start("applications:\n" + application("red", "Chat", "model: tiny"));
        assertThat(server.model("red")).contains("tiny");
        server.close();
        ran("models", "remove", "tiny");
        start("model: {name: other, cpu: 1, memory: 256MiB, max-ongoing-requests: 4}\n");
        assertThat(server.model("red")).contains("tiny");
        assertThat(server.model("blue")).isEmpty();
    }

    @Test
    void V4_1_aModelThatIsNotThereIsRefusedOnTheRecord() throws Exception {
        start("applications:\n" + application("red", "Chat", "model: tiny"));
        Path absent = Files.writeString(
                folder.resolve("absent.yaml"), "applications:\n" + application("red", "Chat", "model: absent"));
        assertThat(Ran.command(home, "deploy", "--dry-run", "-f", absent.toString())
                        .exitCode())
                .isEqualTo(ExitCode.REFUSED.code());
        assertThat(ran("audit-log", "export").out().lines())
                .filteredOn(line -> line.contains("application.deploy"))
                .singleElement()
                .asString()
                .contains("\"subject\":\"red\"", "\"rule\":\"V4.1\"", "refused, problems: 1");
    }

    @Test
    void R1_1_whatDoesNotFitIsNotDeployed() {
        assertThatThrownBy(() -> start("applications:\n" + application("red", "Chat", "model: absent")))
                .hasMessageContaining("redoubt models pull absent");
        assertThatThrownBy(() -> start("applications:\n" + application("red", "Chat", "model: tiny, engine: shared")))
                .hasMessageContaining("engine: dedicated");
        assertThatThrownBy(() -> start("applications:\n"
                        + application("red", "Chat", "model: tiny, digest: \"sha256:" + "0".repeat(64) + "\"")))
                .hasMessageContaining("V4.1");
    }

    @Test
    void aHandlerCallsAModelAndItsCallersKeyPaysForTheTokens() throws Exception {
        HandlerJar jar = HandlerJar.compiled(folder, "story", "Story", """
                import dev.redoubt.serve.*;
                import dev.redoubt.serve.language.*;
                @Deployment(name = "Story", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 128)
                public final class Story implements Handler<Story.Topic, Story.Told> {
                    public record Topic(String topic, int words) {}
                    public record Told(String text, int tokens) {}
                    private final DeploymentHandle<Conversation, Piece> model;
                    public Story(@To("Model") DeploymentHandle<Conversation, Piece> model) { this.model = model; }
                    @Override public Told handle(Topic input) {
                        StringBuilder text = new StringBuilder();
                        int tokens = 0;
                        try (ResponseStream<Piece> pieces = model.stream(
                                Conversation.of(Message.user(input.topic())).withMaxTokens(input.words()).greedy())) {
                            while (pieces.hasNext()) {
                                Piece piece = pieces.next();
                                text.append(piece.text());
                                tokens += piece.usage().map(Piece.Usage::completionTokens).orElse(0);
                            }
                        }
                        return new Told(text.toString(), tokens);
                    }
                }
                """);
        start("""
                limits: {tokens-per-minute: 1000}
                model: {name: tiny, cpu: 1, memory: 256MiB, max-ongoing-requests: 4}
                applications:
                  - name: red
                    quota: {cpu: 0.5, memory: 512MiB}
                    ingress: Story
                    deployments:
                      - name: Story
                        java: {class: team.Story, jar: %s, digest: "%s"}
                        cpu: 0.1
                        memory: 128MiB
                        max-ongoing-requests: 4
                        timeouts: {call: 15s}
                      - name: Model
                        llm: {model: tiny}
                        cpu: 0.1
                        memory: 64MiB
                        max-ongoing-requests: 4
                        timeouts: {call: 15s}
                """.formatted(jar.path(), jar.digest()));
        PlainClient.Reply told = post("/red", red, "{\"topic\":\"Hello\",\"words\":8}");
        assertThat(told.status()).as(told.body()).isEqualTo(200);
        assertThat(metric("redoubt_engine_steps_total{model_name=\"red/Model/tiny\"}"))
                .isPositive();
        assertThat(ran("status").out()).contains("model   tiny  of red/Model  sha256:");
        assertThat(ran("cache", "clear", "--application", "red").out())
                .as("V1.3 holds for what only stages reach: nobody else has computed anything yet")
                .matches("[1-9]\\d* blocks of red zeroed\\R");
        assertThat(told.body()).contains("\"text\":" + Json.text(ask(red, "tiny")));
        assertThat(models(red))
                .as("what is behind an ingress is reached through it alone")
                .containsExactly("tiny");

        PlainClient.Reply dear = post("/red", red, "{\"topic\":\"Hello\",\"words\":915}");
        assertThat(dear.status()).as(dear.body()).isEqualTo(429);
        PlainClient.Reply wrong = post("/red", red, "{\"topic\":\"Hello\",\"words\":100000}");
        assertThat(wrong.status()).as(wrong.body()).isEqualTo(400);
        assertThat(post("/red", red, "{\"topic\":\"Hello\",\"words\":8}").status())
                .isEqualTo(200);
    }
}
