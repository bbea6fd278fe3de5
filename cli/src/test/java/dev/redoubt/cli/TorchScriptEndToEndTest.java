package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.redoubt.testkit.Shared;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// TorchScript by the commands that a user gives, to a server that is a process.
@SuppressWarnings("NullAway.Init")
final class TorchScriptEndToEndTest {
    @TempDir
    private Path folder;

    private Checkout checkout;
    private Path model;
    private String digest;
    private Process server;

    @BeforeEach
    void setUp() throws Exception {
        checkout = Checkout.built(folder);
        model = Files.copy(Shared.testdata("digits/classifier.pt"), folder.resolve("classifier.pt"));
        digest = HandlerJar.digest(Files.readAllBytes(model));
        assertThat(command("models", "keygen", "--out", folder.resolve("key").toString())
                        .exitCode())
                .isZero();
        assertThat(command(
                                "models",
                                "sign",
                                model.toString(),
                                "--key",
                                folder.resolve("key.pem").toString())
                        .exitCode())
                .isZero();
    }

    @AfterEach
    void tearDown() throws Exception {
        if (server != null) Checkout.kill(server);
    }

    private Ran command(String... arguments) {
        return Ran.command(checkout.home, arguments);
    }

    private Path file(String pinned, String signer) throws IOException {
        Path onnx = Shared.testdata("digits/classifier.onnx");
        return Files.writeString(folder.resolve("digits.yaml"), """
                http: {port: 0}
                applications:
                  - name: torch
                    quota: {cpu: 1, memory: 1GiB}
                    deployments:
                      - name: Classifier
                        torchscript:
                          model: classifier.pt
                          digest: "%s"
                          signer: %s
                          inputs: [{name: image, dtype: F32, shape: [-1, 1, 8, 8]}]
                          outputs: [{name: logits, dtype: F32, shape: [-1, 10]}]
                        cpu: 1
                        memory: 512MiB
                        max-ongoing-requests: 4
                  - name: onnx
                    quota: {cpu: 0.5, memory: 512MiB}
                    deployments:
                      - name: Classifier
                        onnx: {model: %s, digest: "%s"}
                        cpu: 0.5
                        memory: 256MiB
                        max-ongoing-requests: 4
                """.formatted(
                        pinned, signer, onnx, HandlerJar.digest(Files.readAllBytes(onnx))));
    }

    private int start(String... arguments) throws IOException {
        server = checkout.start(List.of(), arguments);
        return checkout.ready(server);
    }

    private static String image(JsonNode pixels) {
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 64; i++) {
            rows.append(i % 8 == 0 ? (i == 0 ? "[" : "],[") : ",");
            rows.append(pixels.get(i).asDouble() / 16);
        }
        return "{\"image\":[[[" + rows + "]]]]}";
    }

    @Test
    void R1_6_aSignedModelAnswersAsItsReferenceAndAsOnnxDoes() throws Exception {
        String torchKey =
                command("keys", "create", "--application", "torch").out().strip();
        String onnxKey =
                command("keys", "create", "--application", "onnx").out().strip();
        int port = start("serve", "-f", file(digest, "key.pub.pem").toString());
        JsonNode golden = JsonMapper.shared()
                .readTree(Files.readString(Shared.testdata("digits/golden.json")))
                .at("/cases/0");
        try (PlainClient client = new PlainClient(port)) {
            String body = image(golden.path("pixels"));
            for (String application : new String[] {"torch", "onnx"}) {
                String key = application.equals("torch") ? torchKey : onnxKey;
                PlainClient.Reply reply = client.ask(PlainClient.post("/" + application, key, body));
                assertThat(reply.status()).as(reply.body()).isEqualTo(200);
                JsonNode logits = JsonMapper.shared().readTree(reply.body()).at("/logits/0");
                for (int i = 0; i < 10; i++)
                    assertThat(logits.get(i).asDouble())
                            .as(application)
                            .isCloseTo(golden.path("logits").get(i).asDouble(), within(1e-4));
            }
            PlainClient.Reply wrong = client.ask(PlainClient.post("/torch", torchKey, "{\"image\":[[[[1,2]]]]}"));
            assertThat(wrong.status()).as(wrong.body()).isEqualTo(400);
        }
        assertThat(command("status").out()).contains("Classifier");
    }

    @Test
    void R1_6_V4_2_whatIsNotSignedOrAnotherIsNotDeployed() throws Exception {
        String tiny =
                TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 1).toString();
        assertThat(command("models", "add", tiny, "--name", "tiny").exitCode()).isZero();
        command("keys", "create", "--application", "torch");
        start("serve", "--model", "tiny", "--port", "0");
        refused(file("sha256:" + "0".repeat(64), "key.pub.pem"), "V4.2", "digest");
        command("models", "keygen", "--out", folder.resolve("other").toString());
        refused(file(digest, "other.pub.pem"), "V4.2", "another key");
        Files.delete(folder.resolve("classifier.pt.sig"));
        refused(file(digest, "key.pub.pem"), "R1.6", "not signed");
    }

    private void refused(Path file, String rule, String word) {
        Ran refused = command("deploy", "-f", file.toString());
        assertThat(refused.exitCode()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(refused.err()).contains("(" + rule + ")").contains(word);
    }
}
