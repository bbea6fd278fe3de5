package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Each of `examples/` by its own configuration, asked what its own command tells the user to ask.
@SuppressWarnings("NullAway.Init")
final class ExamplesEndToEndTest {
    @TempDir
    private Path folder;

    private Checkout checkout;
    private Path example;
    private Process server;
    private int port;

    @BeforeEach
    void setUp() throws Exception {
        checkout = Checkout.built(folder);
    }

    @AfterEach
    void tearDown() throws Exception {
        if (server != null) Checkout.kill(server);
    }

    private Ran command(String... arguments) {
        return Ran.command(checkout.home, arguments);
    }

    private String key(String application) {
        return command("keys", "create", "--application", application).out().strip();
    }

    /// A copy of the example's folder.
    private void copy(String name) throws IOException {
        example = Files.createDirectories(folder.resolve(name));
        try (Stream<Path> files = Files.list(Path.of("..", "examples", name))) {
            for (Path file : files.filter(Files::isRegularFile).toList())
                Files.copy(file, example.resolve(file.getFileName()));
        }
    }

    private void serve(Path... resources) throws IOException {
        String text = Files.readString(example.resolve("redoubt.yaml"));
        List<Path> sources = new ArrayList<>();
        try (Stream<Path> files = Files.list(example)) {
            files.filter(file -> file.toString().endsWith(".java")).forEach(sources::add);
        }
        if (!sources.isEmpty()) {
            HandlerJar jar = HandlerJar.of(folder, "handlers", sources, resources);
            text = text.replace("sha256:HANDLERS", jar.digest()).replace("jar: handlers.jar", "jar: " + jar.path());
        }
        text = text.contains("\nhttp:\n")
                ? text.replace("\nhttp:\n", "\nhttp:\n  port: 0\n")
                : "http: {port: 0}\n" + text;
        server = checkout.start(
                List.of(),
                "serve",
                "-f",
                Files.writeString(example.resolve("redoubt.yaml"), text).toString());
        port = checkout.ready(server);
    }

    /// @param request the file, whose name says its type
    private PlainClient.Reply ask(String application, String key, String request) throws IOException {
        byte[] body = Files.readAllBytes(example.resolve(request));
        var bytes = new ByteArrayOutputStream();
        bytes.writeBytes(("POST /" + application + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + key
                        + "\r\nContent-Type: application/" + request.substring(request.indexOf('.') + 1)
                        + "\r\nAccept: application/json\r\nContent-Length: " + body.length + "\r\n\r\n")
                .getBytes(StandardCharsets.US_ASCII));
        bytes.writeBytes(body);
        try (PlainClient client = new PlainClient(port)) {
            return client.ask(bytes.toByteArray());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "greeter, request.json, Hello Ada",
        "digits, request.json, '\"digit\":7'",
        "secure-model, request.json, '\"logits\":[['",
        "autoscaled-model, request.json, '\"logits\":[['",
        "msgpack, request.msgpack, '\"mean\":5.0,\"deviation\":2.0'"
    })
    void anExampleAnswersItsRequest(String name, String request, String expected) throws Exception {
        copy(name);
        String key = key(name);
        serve();
        PlainClient.Reply reply = ask(name, key, request);
        assertThat(reply.body()).contains(expected);
        assertThat(reply.status()).isEqualTo(200);
    }

    @Test
    void R1_6_digitsAreReadByTwoTorchScriptModelsThatTheUserSigned() throws Exception {
        copy("digits-torchscript");
        assertThat(command("models", "keygen", "--out", example.resolve("key").toString())
                        .exitCode())
                .isZero();
        for (String model : List.of("preprocess.pt", "classifier.pt"))
            assertThat(command(
                                    "models",
                                    "sign",
                                    example.resolve(model).toString(),
                                    "--key",
                                    example.resolve("key.pem").toString())
                            .exitCode())
                    .isZero();
        String key = key("digits-torchscript");
        serve();
        PlainClient.Reply reply = ask("digits-torchscript", key, "request.json");
        assertThat(reply.body()).isEqualTo("{\"digit\":7}");
    }

    @Test
    void textsOfLikeMeaningHaveVectorsThatAreNear() throws Exception {
        copy("embeddings");
        resource("all-minilm-l6-v2.onnx", example.resolve("all-minilm-l6-v2.onnx"));
        Path tokenizer = example.resolve("tokenizer.json");
        resource("all-minilm-l6-v2-tokenizer.json", tokenizer);
        String key = key("embeddings");
        serve(tokenizer);
        PlainClient.Reply reply = ask("embeddings", key, "request.json");
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        JsonNode vectors = JsonMapper.shared().readTree(reply.body()).path("vectors");
        assertThat(vectors.get(0).size()).isEqualTo(384);
        assertThat(dot(vectors.get(0), vectors.get(0))).isBetween(0.999, 1.001);
        assertThat(dot(vectors.get(0), vectors.get(1))).isGreaterThan(dot(vectors.get(0), vectors.get(2)) + 0.3);
    }

    private static void resource(String name, Path file) throws IOException {
        try (InputStream in = ClassLoader.getSystemResourceAsStream(name)) {
            Files.copy(Objects.requireNonNull(in, "the jar with the model"), file);
        }
    }

    private static double dot(JsonNode a, JsonNode b) {
        double sum = 0;
        for (int i = 0; i < a.size(); i++) sum += a.get(i).asDouble() * b.get(i).asDouble();
        return sum;
    }

    @Test
    void R4_3_oneTeamsKeyIsNothingAtTheOthersAddress() throws Exception {
        copy("two-applications");
        String billing = key("billing");
        String support = key("support");
        serve();
        assertThat(ask("billing", billing, "request.json").body()).contains("\"application\":\"billing\"");
        assertThat(ask("support", support, "request.json").body()).contains("\"application\":\"support\"");
        PlainClient.Reply foreign = ask("support", billing, "request.json");
        PlainClient.Reply nobody = ask("nobody", billing, "request.json");
        assertThat(foreign.status()).isEqualTo(404);
        assertThat(foreign.body()).isEqualTo(nobody.body());
    }
}
