package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.base.json.JsonRefusal;
import dev.redoubt.base.json.StrictJson;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.testkit.TinyGguf;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Requirements that only the whole server can show, each over a socket or by a process, with a tiny model.
class RulesEndToEndTest {
    private static final String COMPLETIONS = "/v1/completions";
    private static final int LONG_TOKEN = 3 + 0xC0; // of a byte that no UTF-8 text has
    private static final String LONG_TEXT = "abcdefghijklmno";

    @TempDir
    static Path folder;

    private static RunningServer running;
    private static String otherKey; // of the same application
    private static String strangersKey; // of another one
    private static HttpClient client;

    @BeforeAll
    @SuppressWarnings("unchecked") // the tokens of the file are texts
    static void start() throws IOException {
        TinyGguf gguf = TinyModels.ggufOf(WeightKind.Q8_0, 11).put("llama.context_length", 8192);
        List<String> tokens = new ArrayList<>((List<String>) gguf.get("tokenizer.ggml.tokens"));
        tokens.set(LONG_TOKEN, LONG_TEXT);
        gguf.put("tokenizer.ggml.tokens", tokens);
        Path model = Files.write(folder.resolve("tiny.gguf"), gguf.bytes());
        Path home = folder.resolve("home");
        running = RunningServer.start(home, model.toString(), RequestLimits.DEFAULT);
        client = HttpClient.newHttpClient();
        Home root = new Home(home.toAbsolutePath());
        try (AuditLog audit = AuditLog.open(root);
                KeyStore keys = KeyStore.open(root, audit)) {
            otherKey = keys.create("local", Set.of(Scope.INFERENCE)).secret();
            strangersKey = keys.create("other", Set.of(Scope.INFERENCE)).secret();
        }
        long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (status(strangersKey, "/tokenize", "{\"prompt\":\"x\"}") != 200 && System.nanoTime() < end)
            Thread.onSpinWait(); // a key of another process counts within a second
    }

    @AfterAll
    static void stop() {
        client.close();
        running.close();
    }

    @Test
    void R1_6_aFolderWithAPickleIsNotServed() throws IOException {
        Path model = TinyModels.huggingFace(folder.resolve("pickled"), WeightKind.F32, 3);
        Files.write(model.resolve("README.md"), new byte[] {(byte) 0x80, 5, 'N', '.'});
        assertRefused(model, "R1.6");
    }

    @Test
    void V2_4_aFolderWithCodeIsNotServed() throws IOException {
        Path script = TinyModels.huggingFace(folder.resolve("script"), WeightKind.F32, 3);
        Files.writeString(script.resolve("modeling_tiny.py"), "import os\n");
        assertRefused(script, "V2.4");
        Path mapped = TinyModels.huggingFace(folder.resolve("mapped"), WeightKind.F32, 3);
        String config = Files.readString(mapped.resolve("config.json"));
        Files.writeString(
                mapped.resolve("config.json"),
                config.replaceFirst("\\{", "{\"auto_map\":{\"AutoModel\":\"modeling_tiny.Tiny\"},"));
        assertRefused(mapped, "V2.4");
    }

    private static void assertRefused(Path model, String rule) {
        Ran ran = Ran.command(
                folder.resolve("refusing"),
                "serve",
                "--port",
                "0",
                "--model",
                model.toString(),
                "--trust-digest",
                "sha256:" + "0".repeat(64));
        assertThat(ran.exitCode()).as(ran.err()).isEqualTo(78);
        assertThat(ran.err()).startsWith("REFUSED rule=" + rule + " ");
    }

    @Test
    void R1_7_noBodyIsAnsweredBy500() throws Exception {
        for (String path : List.of("/v1/chat/completions", COMPLETIONS, "/generate", "/tokenize", "/detokenize"))
            for (String body : List.of(
                    "",
                    "null",
                    "[]",
                    "{}",
                    "{\"model\":\"tiny\",\"prompt\":[[1,2],[3]],\"temperature\":NaN}",
                    "{\"model\":\"tiny\",\"prompt\":[[1,2],3]}",
                    "{\"model\":\"tiny\",\"prompt\":[1,\"a\"]}",
                    "{\"model\":\"tiny\",\"prompt\":[-1]}",
                    "{\"model\":\"tiny\",\"prompt\":[2147483648]}",
                    "{\"model\":\"tiny\",\"prompt\":[272]}",
                    "{\"model\":\"tiny\",\"tokens\":[272]}",
                    "{\"model\":\"tiny\",\"tokens\":[1.5]}",
                    "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\"}]}",
                    "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":Infinity}]}",
                    "{\"model\":\"tiny\",\"prompt\":\"x\",\"logit_bias\":{\"272\":1}}"))
                assertThat(status(running.key, path, body))
                        .as(path + " " + body)
                        .isEqualTo(400);
    }

    @Test
    void R1_8_everyRequestHasALineAndNoContent() throws Exception {
        Checkout checkout = Checkout.built(folder.resolve("process"));
        String model = folder.resolve("tiny.gguf").toString();
        assertThat(checkout.start(List.of(), "models", "add", model, "--name", "tiny")
                        .waitFor())
                .isZero();
        Process server = checkout.start(List.of(), "serve", "--model", "tiny", "--port", "0");
        try (BufferedReader out = server.inputReader(StandardCharsets.UTF_8)) {
            String ready = out.readLine();
            String url = ready.substring(ready.indexOf("http://"));
            String key = out.readLine().split(" +")[1];
            String canary = "canary-2f0c";
            List<String> bodies = List.of(
                    "{\"model\":\"tiny\",\"prompt\":\"" + canary + "\",\"max_tokens\":2,\"user\":\"" + canary + "\"}",
                    "{\"model\":\"tiny\",\"prompt\":\"" + canary + "\",\"max_tokens\":4096}",
                    "{\"" + canary + "\":1}",
                    "{\"model\":\"" + canary + "\",\"prompt\":\"x\"}",
                    canary);
            for (String body : bodies)
                client.send(request(url, key, COMPLETIONS, body), HttpResponse.BodyHandlers.discarding());
            client.send(request(url, canary, "/" + canary, "{}"), HttpResponse.BodyHandlers.discarding());
            server.destroy();
            server.waitFor();
            List<String> log = Files.readAllLines(checkout.errors());
            assertThat(log.stream().filter(line -> line.startsWith("{")).map(RulesEndToEndTest::statusOf))
                    .containsExactly(200, 400, 400, 404, 400, 401);
            assertThat(log).noneMatch(line -> line.contains(canary) || line.contains(key));
        } finally {
            Checkout.kill(server);
        }
    }

    private static int statusOf(String accessLine) {
        return json(accessLine).get("status").intValue();
    }

    @Test
    void V1_1_whatOneKeyHasAskedIsNoHitForAnother() throws Exception {
        String prompt = "the prompt that one of them has asked before, and it is longer than several blocks of sixteen";
        String body = "{\"model\":\"tiny\",\"prompt\":\"" + prompt + "\",\"max_tokens\":1";
        assertThat(cachedTokens(running.key, body + "}")).isZero();
        assertThat(cachedTokens(running.key, body + "}")).isPositive();
        assertThat(cachedTokens(running.key, body + ",\"user\":\"alice\"}")).isZero();
        assertThat(cachedTokens(running.key, body + ",\"user\":\"alice\"}")).isPositive();
        assertThat(cachedTokens(running.key, body + ",\"user\":\"bob\"}")).isZero();
        assertThat(cachedTokens(otherKey, body + "}"))
                .as("another key of the application")
                .isZero();
        assertThat(cachedTokens(strangersKey, body + "}"))
                .as("a key of another one")
                .isZero();
    }

    private static int cachedTokens(String key, String body) throws Exception {
        return completed(key, body)
                .at("/usage/prompt_tokens_details/cached_tokens")
                .intValue();
    }

    @Test
    void V1_4_promptAndAnswerHave4096TokensAtMost() throws Exception {
        assertThat(running.server.engine().orElseThrow().card().contextTokensMax())
                .isEqualTo(4096);
        String body = "{\"model\":\"tiny\",\"prompt\":%s,\"max_tokens\":1}";
        assertThat(status(running.key, COMPLETIONS, body.formatted(Collections.nCopies(4095, 70))))
                .isEqualTo(200);
        HttpResponse<String> refused = post(running.key, COMPLETIONS, body.formatted(Collections.nCopies(4096, 70)));
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("context_length_exceeded", "4096");
    }

    @Test
    void V3_1_whatTheEdgeLetsThroughTheEngineRefuses() throws Exception {
        RequestLimits all = RequestLimits.DEFAULT;
        RequestLimits lax = new RequestLimits(
                100_000, 100_000, 512, 10, 0.7, 100, 32, 100, 1000, 1000, 1000, 100, 10_000_000, all.requestTimeout());
        String model = folder.resolve("tiny.gguf").toString();
        try (RunningServer open = RunningServer.start(folder.resolve("lax"), model, lax)) {
            for (String fields : List.of(
                    "\"max_tokens\":2049",
                    "\"temperature\":2.0001",
                    "\"n\":9",
                    "\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\"]",
                    "\"prompt_logprobs\":21")) {
                String body = "{\"model\":\"tiny\",\"prompt\":\"x\"," + fields + "}";
                HttpResponse<String> reply = client.send(
                        request(open.url, open.key, COMPLETIONS, body), HttpResponse.BodyHandlers.ofString());
                assertThat(reply.statusCode()).as(fields + " " + reply.body()).isEqualTo(400);
                assertThat(reply.body()).contains("out_of_range");
            }
            String longPrompt = "{\"model\":\"tiny\",\"prompt\":\"" + "x".repeat(8193) + "\",\"max_tokens\":1}";
            assertThat(client.send(
                                    request(open.url, open.key, COMPLETIONS, longPrompt),
                                    HttpResponse.BodyHandlers.ofString())
                            .body())
                    .contains("prompt_too_long");
        }
    }

    @Test
    void V3_2_aReplyHasTheSameBitsAloneAndAmongNeighbours() throws Exception {
        String body = asked("seeded", ",\"seed\":7,\"temperature\":1,\"logprobs\":5");
        String alone = completed(running.key, body).get("choices").toString();
        for (int round = 0; round < 3; round++) {
            List<CompletableFuture<JsonNode>> neighbours = IntStream.range(0, 8)
                    .mapToObj(i -> sent(otherKey, asked("neighbour " + i, ",\"temperature\":1.5,\"n\":2")))
                    .toList();
            String among = sent(running.key, body).join().get("choices").toString();
            neighbours.forEach(CompletableFuture::join);
            assertThat(among).isEqualTo(alone);
        }
    }

    @Test
    void V3_5_everyReplyIsThatOfItsOwnRequest() throws Exception {
        List<String> prompts =
                IntStream.range(0, 12).mapToObj(i -> "request " + i * i).toList();
        List<String> alone = new ArrayList<>();
        for (String prompt : prompts) alone.add(text(completed(running.key, asked(prompt, ",\"temperature\":0")), 0));
        assertThat(Set.copyOf(alone)).as("answers that tell requests apart").hasSizeGreaterThan(6);
        List<CompletableFuture<JsonNode>> together = prompts.stream()
                .map(prompt -> sent(running.key, asked(prompt, ",\"temperature\":0")))
                .toList();
        for (int i = 0; i < prompts.size(); i++)
            assertThat(text(together.get(i).join(), 0)).isEqualTo(alone.get(i));

        String list = "{\"model\":\"tiny\",\"prompt\":[\"" + String.join("\",\"", prompts)
                + "\"%s],\"max_tokens\":16,\"temperature\":0}";
        JsonNode inOne = completed(running.key, list.formatted(""));
        for (int i = 0; i < prompts.size(); i++) assertThat(text(inOne, i)).isEqualTo(alone.get(i));
        // one that is bad refuses all: no list of answers in which they have moved up
        assertThat(status(running.key, COMPLETIONS, list.formatted(",\"\""))).isEqualTo(400);
    }

    private static String asked(String prompt, String fields) {
        return "{\"model\":\"tiny\",\"prompt\":\"" + prompt + "\",\"max_tokens\":16" + fields + "}";
    }

    private static String text(JsonNode completion, int index) {
        JsonNode choice = completion.get("choices").get(index);
        assertThat(choice.get("index").intValue()).isEqualTo(index);
        return choice.get("text").stringValue();
    }

    @Test
    void V3_6_aTenantWithOneRequestDoesNotWaitForAnothersQueue() throws Exception {
        EngineOptions all = EngineOptions.defaults(2);
        EngineOptions oneAtATime = new EngineOptions(
                all.kernels(),
                all.threads(),
                all.contextTokensMax(),
                1,
                all.batchedTokensMax(),
                all.prefillTokensMax(),
                all.ongoingMax(),
                all.memoryUtilization(),
                all.kvFormat(),
                all.kvBytesMax(),
                all.prefixSharing(),
                all.speculative(),
                all.limits());
        Path home = folder.resolve("fair");
        String model = folder.resolve("tiny.gguf").toString();
        try (RunningServer fair = RunningServer.start(home, model, RequestLimits.DEFAULT, oneAtATime)) {
            String other;
            Home root = new Home(home.toAbsolutePath());
            try (AuditLog audit = AuditLog.open(root);
                    KeyStore keys = KeyStore.open(root, audit)) {
                other = keys.create("other", Set.of(Scope.INFERENCE)).secret();
            }
            while (client.send(
                                    request(fair.url, other, "/tokenize", "{\"prompt\":\"x\"}"),
                                    HttpResponse.BodyHandlers.discarding())
                            .statusCode()
                    != 200) Thread.onSpinWait();
            String body =
                    "{\"model\":\"tiny\",\"prompt\":\"x\",\"max_tokens\":1000,\"ignore_eos\":true,\"temperature\":0}";
            List<String> ended = new CopyOnWriteArrayList<>();
            List<CompletableFuture<?>> all10 = new ArrayList<>();
            for (int i = 0; i < 10; i++) all10.add(recorded(fair.url, fair.key, body, "many", ended));
            while (fair.server.engine().orElseThrow().stats().requestsWaiting() < 9) Thread.onSpinWait();
            all10.add(recorded(fair.url, other, body, "one", ended));
            all10.forEach(CompletableFuture::join);
            assertThat(ended.indexOf("one")).as(ended.toString()).isBetween(0, 3);
        }
    }

    private static CompletableFuture<?> recorded(String url, String key, String body, String who, List<String> ended) {
        return client.sendAsync(request(url, key, COMPLETIONS, body), HttpResponse.BodyHandlers.ofString())
                .thenAccept(reply -> {
                    assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
                    ended.add(who);
                });
    }

    @Test
    void V5_4_anAnswerIsCutAtTenCharactersForEachToken() throws Exception {
        String body = "{\"model\":\"tiny\",\"prompt\":\"x\",\"max_tokens\":8,\"temperature\":0,\"logit_bias\":{\""
                + LONG_TOKEN + "\":100}}";
        JsonNode choice = completed(running.key, body).get("choices").get(0);
        assertThat(choice.get("text").stringValue())
                .isEqualTo(LONG_TEXT.repeat(6).substring(0, 8 * RequestLimits.OUTPUT_CHARS_PER_TOKEN_MAX));
        assertThat(choice.get("finish_reason").stringValue()).isEqualTo("length");
    }

    private static CompletableFuture<JsonNode> sent(String key, String body) {
        return client.sendAsync(request(running.url, key, COMPLETIONS, body), HttpResponse.BodyHandlers.ofString())
                .thenApply(RulesEndToEndTest::good);
    }

    private static JsonNode completed(String key, String body) throws Exception {
        return good(post(key, COMPLETIONS, body));
    }

    private static JsonNode good(HttpResponse<String> reply) {
        assertThat(reply.statusCode()).as(reply.body()).isEqualTo(200);
        return json(reply.body());
    }

    private static int status(String key, String path, String body) {
        try {
            return post(key, path, body).statusCode();
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(path, e);
        }
    }

    private static HttpResponse<String> post(String key, String path, String body)
            throws IOException, InterruptedException {
        return client.send(request(running.url, key, path, body), HttpResponse.BodyHandlers.ofString());
    }

    private static HttpRequest request(String url, String key, String path, String body) {
        return HttpRequest.newBuilder(URI.create(url + path))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }

    private static JsonNode json(String text) {
        try {
            return new StrictJson(JsonLimits.MODEL_FILE).parse(text.getBytes(StandardCharsets.UTF_8));
        } catch (JsonRefusal e) {
            throw new AssertionError("not JSON: " + text, e);
        }
    }
}
