package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.ShakespeareFiles;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Adapters from their files to the answers of a server: the commands that a user gives, and a socket.
class AdaptersEndToEndTest {
    private static final String BASE = "shakespeare";
    private static final List<String> ADAPTERS = List.of("shout-all", "shout-qv");

    @TempDir
    static Path folder;

    private static RunningServer running;
    private static HttpClient client;

    @BeforeAll
    static void start() throws IOException {
        ShakespeareFiles.base(folder.resolve("base"));
        for (String name : ADAPTERS) ShakespeareFiles.adapter("lora-" + name, folder.resolve(name));
        fill(home());
        running = RunningServer.start(home(), BASE, ADAPTERS);
        client = HttpClient.newHttpClient();
    }

    @AfterAll
    static void stop() {
        client.close();
        running.close();
    }

    private static Path home() {
        return folder.resolve("home");
    }

    private static void fill(Path home) {
        done(home, "models", "add", folder.resolve("base").toString(), "--name", BASE);
        for (String name : ADAPTERS)
            done(home, "models", "add", folder.resolve(name).toString(), "--name", name, "--base", BASE);
    }

    private static Ran done(Path home, String... arguments) {
        Ran ran = Ran.command(home, arguments);
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        return ran;
    }

    private static Ran run(String... arguments) {
        return Ran.command(home(), arguments);
    }

    private static HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(running.url + path))
                        .header("Authorization", "Bearer " + running.key)
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static HttpResponse<String> complete(String model) throws IOException, InterruptedException {
        return post(
                "/v1/completions",
                "{\"model\":\"" + model + "\",\"prompt\":\"ROMEO: What light through yonder window\","
                        + "\"max_tokens\":24,\"temperature\":0}");
    }

    private static HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
        return client.send(
                HttpRequest.newBuilder(URI.create(running.url + path))
                        .header("Authorization", "Bearer " + running.key)
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(body))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static String text(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        JsonNode reply = JsonMapper.shared().readTree(response.body());
        return reply.path("choices").path(0).path("text").asString("");
    }

    private static String header(HttpResponse<String> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    private static JsonNode model(String name) throws IOException, InterruptedException {
        HttpResponse<String> response = get("/v1/models/" + name);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return JsonMapper.shared().readTree(response.body());
    }

    @Test
    void anAdapterIsChosenByItsNameAndAnswersAsItself() throws Exception {
        assertThat(JsonMapper.shared().readTree(get("/v1/models").body()).path("data"))
                .extracting(model -> model.path("id").asString(""))
                .containsExactly(BASE, "shout-all", "shout-qv");
        String baseDigest = model(BASE).path("digest").asString("");
        assertThat(model(BASE).has("parent")).isFalse();
        String plain = text(complete(BASE));
        for (String name : ADAPTERS) {
            JsonNode model = model(name);
            assertThat(model.path("parent").asString("")).isEqualTo(BASE);
            assertThat(model.path("parent_digest").asString("")).isEqualTo(baseDigest);
            HttpResponse<String> response = complete(name);
            String loud = text(response);
            assertThat(loud).isNotEqualTo(plain).isEqualTo(loud.toUpperCase(Locale.ROOT));
            assertThat(header(response, "X-Model-Digest"))
                    .isEqualTo(model.path("digest").asString(""))
                    .isNotEqualTo(baseDigest);
            assertThat(header(response, "X-Base-Model-Digest")).isEqualTo(baseDigest);
        }
        HttpResponse<String> nameless = post("/generate", "{\"prompt\":\"ROMEO:\",\"max_tokens\":1}");
        assertThat(header(nameless, "X-Model-Digest")).as(nameless.body()).isEqualTo(baseDigest);
        assertThat(header(complete(BASE), "X-Base-Model-Digest")).isEmpty();
    }

    @Test
    void V4_1_anUnknownAdapterIsAsUnknownAsAModel() throws Exception {
        assertThat(complete("shout-more").statusCode()).isEqualTo(404);
        assertThat(get("/v1/models/shout-more").statusCode()).isEqualTo(404);
        assertThat(get("/v1/models/shout-qv").statusCode()).isEqualTo(200);
    }

    @Test
    void R1_8_whatIsLoadedIsInTheAuditLogWithItsDigest() throws Exception {
        String qv = model("shout-qv").path("digest").asString("");
        assertThat(done(home(), "audit-log", "export").out())
                .contains("verified, " + qv + ", adapter of " + BASE)
                .contains("with adapters shout-all, shout-qv");
    }

    @Test
    void theStoreTellsWhatIsAnAdapterAndOfWhat() {
        assertThat(done(home(), "models", "list").out()).contains("adapter of " + BASE);
        assertThat(done(home(), "models", "show", "shout-qv").out())
                .contains("kind            adapter", "base            " + BASE + ", sha256:", "rank            8");
    }

    /// On a home of its own: the server has the other.
    @Test
    void V4_1_anAdapterIsLoadedOnItsOwnBaseAlone() throws IOException {
        Path home = folder.resolve("idle-home");
        fill(home);
        Path tiny = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 11);
        done(home, "models", "add", tiny.toString(), "--name", "tiny");
        assertRefused(home, "shout-qv", List.of(), "V4.3", "'shout-qv' is an adapter, which is no model by itself");
        assertRefused(
                home,
                "tiny",
                List.of("--adapter", "shout-qv"),
                "V4.1",
                "'shout-qv' belongs to the base sha256:",
                "this model is 'tiny'");
        assertRefused(home, "tiny", List.of("--adapter", "nowhere"), "R1.7", "an adapter of the store");
        assertRefused(home, BASE, List.of("--adapter", "tiny"), "V4.1", "an adapter; this is a model by itself");
        done(home, "models", "distrust", "shout-qv");
        assertRefused(home, BASE, List.of("--adapter", "shout-qv"), "V4.1", "was taken off the allow-list");
    }

    private static void assertRefused(Path home, String model, List<String> adapter, String... words) {
        List<String> arguments = new ArrayList<>(List.of("serve", "--port", "0", "--model", model));
        arguments.addAll(adapter);
        Ran ran = Ran.command(home, arguments.toArray(String[]::new));
        assertThat(ran.exitCode()).as(ran.err()).isEqualTo(78);
        assertThat(ran.err()).contains(words);
    }

    @Test
    void V4_1_whatDoesNotFitItsBaseIsNotAdded() throws IOException {
        Path home = folder.resolve("small-home");
        Path tiny = TinyModels.gguf(folder.resolve("small.gguf"), WeightKind.Q8_0, 11);
        done(home, "models", "add", tiny.toString(), "--name", "tiny");
        String adapter = folder.resolve("shout-qv").toString();
        Ran misfit = Ran.command(home, "models", "add", adapter, "--name", "misfit", "--base", "tiny");
        assertThat(misfit.exitCode()).isEqualTo(78);
        assertThat(misfit.err()).contains("V4.3", "lora_A.weight' has the shape [8, 256], allowed is [8, ");
        Ran baseless = Ran.command(home, "models", "add", adapter, "--name", "baseless");
        assertThat(baseless.err()).contains("V4.1", "is an adapter, which belongs to one base");
        assertThat(done(home, "models", "list").out()).doesNotContain("misfit", "baseless");
    }

    @Test
    void R1_1_aFileNamesAdaptersBesideTheModel() throws IOException {
        Path file = folder.resolve("redoubt.yaml");
        String model = "model: {name: shakespeare, cpu: 1, memory: 1GiB, max-ongoing-requests: 4, adapters: [%s]}\n";
        Files.writeString(file, model.formatted("{name: shout-all}, {name: shout-qv}"));
        assertThat(done(home(), "check", "-f", file.toString()).out()).contains("with adapters shout-all, shout-qv");
        Files.writeString(file, model.formatted("{name: shout-all}, {name: shout-all}"));
        assertThat(run("check", "-f", file.toString()).err()).contains("'model.adapters' has 'shout-all' twice");
    }
}
