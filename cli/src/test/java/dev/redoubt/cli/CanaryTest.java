package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Unique words in every place where a caller can put words are found nowhere on this side afterwards: not in the
/// streams of a process whose every logger is at TRACE, the access log, the audit log, the metrics, replies that
/// refuse, the home, or the folder for temporary files.
final class CanaryTest {
    /* What may be repeated, and to whom: a reply may name the field, the query parameter or the model that it refuses,
     * since only the sender reads it and without the name it is no help. It may repeat no value, and no record of ours holds
     * any of these names. */
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETIONS = "/v1/completions";

    @TempDir
    private Path folder;

    private final Map<String, String> canaries = new LinkedHashMap<>(); // by what they stand in
    private final Random random = new Random(System.nanoTime());
    private final List<String> refusals = new ArrayList<>();
    private int port;
    private String key = "";

    /// A new word of this place.
    private String canary(String place) {
        byte[] bytes = new byte[9];
        random.nextBytes(bytes);
        String word = "cnry" + HexFormat.of().formatHex(bytes);
        assertThat(canaries.put(place, word)).as(place).isNull();
        return word;
    }

    @Test
    void V1_6_R1_8_nothingThatCallersWriteOrReadIsKept() throws Exception {
        Path searched = Files.createDirectories(folder.resolve("searched"));
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 11);
        Process server = CanaryServer.start(searched, model);
        try (BufferedReader said = server.inputReader(StandardCharsets.UTF_8)) {
            String[] ready = said.readLine().split(" ");
            port = Integer.parseInt(ready[0]);
            key = ready[1];
            canaries.put("key", key.substring(4));
            canaries.put("metrics key", ready[2].substring(4));
            whatSucceeds();
            whatIsRefused();
            whatBreaks();
            assertThat(memoryThatNoDumpHolds(server.pid())).isTrue();
            Files.writeString(searched.resolve("metrics"), get("/metrics", ready[2]));
            server.getOutputStream().close(); // it ends as a server does that is told to
            assertThat(server.waitFor()).isZero();
        } finally {
            server.destroyForcibly();
        }
        Files.write(searched.resolve("replies"), refusals);
        assertThat(Files.readString(searched.resolve("err")))
                .contains("TRACE", "\"route\":\"/v1/completions\"", "failed: java.lang.IllegalStateException");
        assertThat(Ran.command(searched.resolve("home"), "audit-log", "verify").exitCode())
                .isZero();
        assertThat(Files.readString(searched.resolve("home/audit/000000000000000001.jsonl")))
                .contains("prompt_too_long", "unknown_field", "unauthenticated", "invalid_json");
        assertThat(found(searched)).isEmpty();
    }

    private void whatSucceeds() throws IOException {
        String answer = post(
                COMPLETIONS,
                "{\"model\":\"tiny\",\"prompt\":\"%s\",\"max_tokens\":40,\"temperature\":0,\"ignore_eos\":true,\"user\":\"%s\",\"stop\":[\"%s\"]}"
                        .formatted(canary("prompt"), canary("user"), canary("stop")));
        String text = json(answer).path("choices").path(0).path("text").asString("");
        assertThat(text).as(answer).hasSizeGreaterThan(16);
        canaries.put("output", text);
        canaries.put("streamed output", streamed());
        String chat = post(
                CHAT,
                "{\"model\":\"tiny\",\"max_tokens\":8,\"messages\":[{\"role\":\"system\",\"content\":\"%s\"},{\"role\":\"user\",\"content\":\"%s\"}]}"
                        .formatted(canary("system prompt"), canary("message")));
        assertThat(json(chat).path("usage").path("completion_tokens").asInt(0))
                .as(chat)
                .isPositive();
        String ids = post("/tokenize", "{\"model\":\"tiny\",\"prompt\":\"%s\"}".formatted(canary("tokenized")));
        List<String> tokens = new ArrayList<>();
        json(ids).path("tokens").forEach(id -> tokens.add(id.asString("")));
        assertThat(tokens).as(ids).hasSizeGreaterThan(5);
        canaries.put("token ids", String.join(",", tokens));
        canaries.put("token ids with blanks", String.join(", ", tokens));
        raw("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key + "\r\nUser-Agent: "
                + canary("user agent") + "\r\nCookie: a=" + canary("cookie") + "\r\nX-" + canary("header name") + ": "
                + canary("header") + "\r\nConnection: close\r\n\r\n");
    }

    private String streamed() throws IOException {
        String events = post(
                COMPLETIONS,
                "{\"model\":\"tiny\",\"prompt\":\"%s\",\"max_tokens\":60,\"temperature\":0,\"ignore_eos\":true,\"stream\":true}"
                        .formatted(canary("streamed prompt")));
        return events.lines()
                .filter(line -> line.startsWith("data: {"))
                .map(line -> json(line.substring(6))
                        .path("choices")
                        .path(0)
                        .path("text")
                        .asString(""))
                .collect(Collectors.joining());
    }

    private void whatIsRefused() throws IOException {
        String prompt = "{\"model\":\"tiny\",\"prompt\":\"%s\"";
        refuse(COMPLETIONS, prompt.formatted(canary("broken JSON")));
        refuse(COMPLETIONS, "[" + canary("no JSON") + "]");
        refuse(COMPLETIONS, prompt.formatted(canary("long prompt") + "a".repeat(8192)) + "}");
        refuse(COMPLETIONS, prompt.formatted(canary("prompt with a number")) + ",\"max_tokens\":2049}");
        refuse(COMPLETIONS, prompt.formatted("x") + ",\"temperature\":\"" + canary("wrong type") + "\"}");
        refuse(COMPLETIONS, prompt.formatted("x") + ",\"stop\":[{\"" + canary("inner name") + "\":1}]}");
        refuse(COMPLETIONS, prompt.formatted("x") + ",\"suffix\":\"" + canary("unsupported") + "\"}");
        refuse(COMPLETIONS, "{\"prompt\":\"" + canary("twice") + "\",\"prompt\":\"x\"}");
        refuse(CHAT, "{\"messages\":[{\"role\":\"" + canary("role") + "\",\"content\":\"x\"}]}");
        // the sender, and nobody else, is told these again
        repeated(refuse(COMPLETIONS, prompt.formatted("x") + ",\"" + canary("field name") + "\":1}"), "field name");
        repeated(refuse(COMPLETIONS, prompt.formatted("x").replace("tiny", canary("model name")) + "}"), "model name");
        repeated(
                raw(head("GET", "/v1/models?" + canary("query name") + "=" + canary("query"), key) + "\r\n"),
                "query name");
        for (String strange : List.of(
                head("GET", "/" + canary("path"), key),
                head("GET", "/v1/models/" + canary("path parameter") + "%", key),
                head("GET", "/v1/models", "rdt_" + canary("wrong key") + "a".repeat(21)),
                head("GET", "/v1/models", "") + "X-API-Key: " + canary("other key") + "\r\n",
                head("GET", "/v1/models", key).replace("localhost", canary("host")),
                head("GET", "/v1/models", key).replace("localhost", "a@" + canary("bad host")),
                head("POST", COMPLETIONS, key) + "Content-Type: " + canary("media type") + "\r\nContent-Length: 0\r\n",
                head("POST", COMPLETIONS, key) + "Content-Encoding: " + canary("encoding")
                        + "\r\nContent-Length: 0\r\n",
                head("GET", "/v1/models", key) + "X-Long: " + canary("long header") + "x".repeat(17_000) + "\r\n",
                head("GET", "/" + canary("long path") + "x".repeat(5000), key),
                head("GET", "/v1/models", key) + canary("no header") + "\r\n",
                head(canary("method"), "/v1/models", key),
                head("POST", COMPLETIONS, key) + "Transfer-Encoding: " + canary("transfer encoding") + "\r\n"))
            raw(strange + "\r\n");
        raw(canary("no request") + "\r\n\r\n");
        raw(head("POST", COMPLETIONS, key) + "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
                + canary("chunk size") + "\r\n");
    }

    private void whatBreaks() throws IOException {
        String fault = post(
                COMPLETIONS,
                "{\"model\":\"faulty\",\"prompt\":\"%s\"}".formatted(canary("prompt of an internal fault")));
        assertThat(fault).contains("\"code\":\"internal\"");
        refusals.add(fault);
        try (Socket socket = new Socket("127.0.0.1", port)) { // a stream that the caller leaves
            String body =
                    "{\"model\":\"tiny\",\"prompt\":\"%s\",\"max_tokens\":2000,\"ignore_eos\":true,\"stream\":true}"
                            .formatted(canary("stopped stream"));
            socket.getOutputStream().write(request(COMPLETIONS, body).getBytes(StandardCharsets.UTF_8));
            assertThat(socket.getInputStream().readNBytes(400)).hasSize(400);
        }
        try (Socket socket = new Socket("127.0.0.1", port)) { // a body that stops
            String body = "{\"prompt\":\"" + canary("half a body");
            socket.getOutputStream()
                    .write((head("POST", COMPLETIONS, key)
                                    + "Content-Type: application/json\r\nContent-Length: 5000\r\n\r\n" + body)
                            .getBytes(StandardCharsets.UTF_8));
        }
    }

    private String refuse(String path, String body) throws IOException {
        String reply = post(path, body);
        assertThat(reply).contains("\"error\"");
        refusals.add(reply);
        return reply;
    }

    /// What a reply says again to its sender is there, and is not looked for in it.
    private void repeated(String reply, String place) {
        assertThat(reply).contains(canaries.get(place));
        refusals.removeLast();
    }

    private static JsonNode json(String text) {
        return JsonMapper.shared().readTree(text);
    }

    private static String head(String method, String path, String key) {
        String bearer = key.isEmpty() ? "" : "Authorization: Bearer " + key + "\r\n";
        return method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n" + bearer;
    }

    private String request(String path, String body) {
        return head("POST", path, key) + "Content-Type: application/json\r\nContent-Length: "
                + body.getBytes(StandardCharsets.UTF_8).length + "\r\n\r\n" + body;
    }

    private String get(String path, String withKey) throws IOException {
        return exchange(head("GET", path, withKey) + "\r\n");
    }

    private String post(String path, String body) throws IOException {
        return exchange(request(path, body));
    }

    /// A request that is refused, or answered without content.
    private String raw(String request) throws IOException {
        String reply = exchange(request);
        refusals.add(reply);
        return reply;
    }

    /// @return what comes until the connection ends, without the head, chunks put together
    private String exchange(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            InputStream in = socket.getInputStream();
            String reply = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            int body = reply.indexOf("\r\n\r\n");
            boolean chunked = body > 0
                    && reply.substring(0, body).toLowerCase(Locale.ROOT).contains("chunked");
            String rest = body < 0 ? reply : reply.substring(body + 4);
            return chunked ? rest.replaceAll("(?m)^[0-9a-f]+\r\n|\r\n", "") : rest;
        }
    }

    /// Whether the kernel leaves some of the process's memory out of core dumps, as KV memory must be. What it is, and
    /// that all of it is, `KvMemoryTest` looks at.
    private static boolean memoryThatNoDumpHolds(long process) throws IOException {
        return Files.readAllLines(Path.of("/proc/" + process + "/smaps")).stream()
                .anyMatch(line -> line.startsWith("VmFlags:") && line.contains(" dd"));
    }

    private List<String> found(Path searched) throws IOException {
        List<String> found = new ArrayList<>();
        try (Stream<Path> files = Files.walk(searched)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String content = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
                canaries.forEach((place, word) -> forms(word).forEach((form, text) -> {
                    if (content.contains(text)) found.add(place + " as " + form + " in " + file);
                }));
                canaries.forEach((place, word) -> {
                    if (file.toString().contains(word)) found.add(place + " in the name of " + file);
                });
            }
        }
        return found;
    }

    /// How a word can look in a file.
    private static Map<String, String> forms(String word) {
        byte[] bytes = word.getBytes(StandardCharsets.UTF_8);
        HexFormat hex = HexFormat.of();
        Map<String, String> forms = new LinkedHashMap<>();
        forms.put("it is", new String(bytes, StandardCharsets.ISO_8859_1));
        forms.put("JSON", unquoted(JsonMapper.shared().writeValueAsString(word)));
        forms.put(
                "JSON escapes", word.codePoints().mapToObj("\\u%04x"::formatted).collect(Collectors.joining()));
        forms.put("hex", hex.formatHex(bytes));
        forms.put("upper-case hex", hex.withUpperCase().formatHex(bytes));
        forms.put("percent escapes", hex.withPrefix("%").formatHex(bytes));
        forms.put(
                "upper-case percent escapes",
                hex.withUpperCase().withPrefix("%").formatHex(bytes));
        forms.put("UTF-16", new String(word.getBytes(StandardCharsets.UTF_16LE), StandardCharsets.ISO_8859_1));
        for (int shift = 0; shift < 3; shift++) { // base64 depends on what stands before, in threes
            byte[] shifted = new byte[bytes.length + shift];
            System.arraycopy(bytes, 0, shifted, shift, bytes.length);
            String plain = Base64.getEncoder().encodeToString(shifted);
            String inner = plain.substring(4, plain.length() - 4);
            forms.put("base64+" + shift, inner);
            forms.put("base64url+" + shift, inner.replace('+', '-').replace('/', '_'));
        }
        return forms;
    }

    private static String unquoted(String json) {
        return json.substring(1, json.length() - 1);
    }

    @Test
    void theSearchFindsEveryForm() throws IOException {
        String word = canary("planted");
        assertThat(found(Files.createDirectories(folder.resolve("empty")))).isEmpty();
        for (Map.Entry<String, String> form : forms(word).entrySet()) {
            Path planted = Files.createDirectories(folder.resolve("planted"));
            Files.write(planted.resolve("file"), ("a" + form.getValue() + "b").getBytes(StandardCharsets.ISO_8859_1));
            assertThat(found(planted)).as(form.getKey()).isNotEmpty();
        }
        Files.writeString(folder.resolve("planted/" + word), "");
        assertThat(found(folder.resolve("planted"))).anyMatch(text -> text.contains("in the name of"));
    }
}
