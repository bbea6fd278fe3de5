package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.kernels.Providers;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Every command with a tiny model, and every way to get one wrong.
class CommandLineTest {
    @TempDir
    private Path folder;

    private Ran run(String... args) {
        return Ran.command(folder.resolve("home"), args);
    }

    private String tiny() throws IOException {
        return TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.Q8_0, 7).toString();
    }

    @Test
    void theVersionIsAnOptionToo() {
        Ran ran = run("--version");
        assertThat(ran.exitCode()).isZero();
        assertThat(ran.out()).isEqualTo(run("version").out()).startsWith("redoubt ");
    }

    @Test
    void anUnknownOptionIsOneLineWithAHint() {
        Ran ran = run("serve", "--prot", "1");
        assertThat(ran.exitCode()).isEqualTo(64);
        assertThat(ran.err()).startsWith("redoubt: ").contains("--prot").doesNotContain("Exception");
        assertThat(ran.err().lines()).hasSize(1);
        assertThat(ran.out()).isEmpty();
    }

    @Test
    void anErrorOfTheJvmIsOneLineAndAnExitCodeToo() {
        assertThat(failInternally().lines()).singleElement().asString().startsWith("redoubt: internal error ");
    }

    @Test
    void internalErrorsKeepABoundedNumberOfReports() throws IOException {
        Path logs = Files.createDirectories(folder.resolve("home/logs"));
        for (int i = 0; i < 150; i++) Files.writeString(logs.resolve("error-" + i + ".log"), "");
        Path other = Files.writeString(logs.resolve("crash-1.log"), "");
        failInternally();
        try (Stream<Path> reports = Files.list(logs)) {
            assertThat(reports).hasSize(101).contains(other);
        }
    }

    /// @return what stderr says
    private String failInternally() {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        OutputStream broken = new OutputStream() {
            @Override
            public void write(int b) {
                throw new AssertionError("broken");
            }
        };
        Context context = new Context(new Home(folder.resolve("home").toAbsolutePath()), Console.of(broken, err));
        assertThat(Main.execute(context, "version")).isEqualTo(70);
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void R1_2_aBindBeyondLoopbackIsRefusedWithEveryOtherProblem() {
        for (String host : new String[] {"0.0.0.0", "::", "192.168.1.1", "example.com", "127.0.0.1.example.com"}) {
            Ran ran = run("serve", "--host", host, "--max-model-len", "8192");
            assertThat(ran.exitCode()).isEqualTo(78);
            assertThat(ran.err().lines()).hasSize(2).allMatch(line -> line.startsWith("REFUSED rule="));
            assertThat(ran.err()).contains("rule=R1.2 found=host:" + host, "rule=V2.3 found=max-model-len:8192");
        }
        assertThat(Loopback.is("127.0.0.1")
                        && Loopback.is("127.9.9.9")
                        && Loopback.is("::1")
                        && Loopback.is("localhost"))
                .isTrue();
    }

    @Test
    void R1_7_aMissingModelIsOneLine() {
        Ran ran = run("run", "--model", "nope", "hello");
        assertThat(ran.exitCode()).isEqualTo(66);
        assertThat(ran.err()).startsWith("redoubt: model 'nope' is no entry of the store");
    }

    @Test
    void V4_3_aFileThatIsNoModelIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("broken.gguf"), "GGUF but not really");
        String digest = "sha256:" + "0".repeat(64);
        for (Ran ran : List.of(
                run("run", "--model", file.toString(), "hi"),
                run("serve", "--model", file.toString(), "--port", "0", "--trust-digest", digest))) {
            assertThat(ran.exitCode()).isEqualTo(78);
            assertThat(ran.err()).contains("REFUSED rule=V4.3").doesNotContain("Exception");
        }
    }

    @Test
    void R1_7_serveRefusesAMissingModelPath() {
        for (String model : new String[] {"nope", "./nope.gguf", "/no such/model"}) {
            Ran ran = run("serve", "--model", model, "--port", "0");
            assertThat(ran.exitCode()).isEqualTo(78);
            assertThat(ran.err()).startsWith("REFUSED rule=R1.7 found=model:").doesNotContain("Exception");
        }
    }

    @Test
    void V4_1_serveRefusesAPathWithoutItsDigest() throws IOException {
        Ran ran = run("serve", "--model", tiny(), "--port", "0");
        assertThat(ran.exitCode()).isEqualTo(78);
        assertThat(ran.err()).contains("REFUSED rule=V4.1 found=model:", "models add", "--trust-digest");
        String other = "sha256:" + "0".repeat(64);
        ran = run("serve", "--model", tiny(), "--port", "0", "--trust-digest", other);
        assertThat(ran.exitCode()).isEqualTo(78);
        assertThat(ran.err()).contains("REFUSED rule=V4.1", "given was 0000");
        assertThat(run("serve", "--model", tiny(), "--trust-digest", "md5:1").exitCode())
                .isEqualTo(64);
    }

    @Test
    void V4_1_serveTakesAPathWithItsDigestAndAnEntryOfTheAllowList() throws IOException {
        String digest = run("models", "verify", tiny()).out().split(" +")[1];
        assertThat(digest).matches("sha256:[0-9a-f]{64}");
        run("models", "add", tiny(), "--name", "tiny");
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String port = Integer.toString(taken.getLocalPort());
            // The port is asked for after the model was verified.
            assertThat(run("serve", "--model", tiny(), "--port", port, "--trust-digest", digest)
                            .exitCode())
                    .isEqualTo(75);
            assertThat(run("serve", "--model", "tiny", "--port", port).exitCode())
                    .isEqualTo(75);
            assertThat(run("models", "distrust", "tiny").exitCode()).isZero();
            assertThat(run("models", "distrust", "tiny").exitCode()).isEqualTo(66);
            Ran refused = run("serve", "--model", "tiny", "--port", port);
            assertThat(refused.exitCode()).isEqualTo(78);
            assertThat(refused.err()).contains("REFUSED rule=V4.1", "was taken off the allow-list");
            assertThat(run("models", "list").out()).contains("not trusted");
            assertThat(run("models", "trust", "tiny", "--digest", digest).exitCode())
                    .isZero();
            assertThat(run("serve", "--model", "tiny", "--port", port).exitCode())
                    .isEqualTo(75);
            assertThat(run("models", "remove", "tiny").exitCode()).isZero();
            assertThat(run("serve", "--model", "tiny", "--port", port).err()).contains("rule=R1.7");
            assertThat(run("models", "remove", "tiny").exitCode()).isEqualTo(66);
        }
    }

    @Test
    void V6_1_aModelIsAddedAsWhatItIsStatedToBe() throws IOException {
        Ran other = run("models", "add", tiny(), "--name", "tiny", "--quantization", "gptq-4bit");
        assertThat(other.exitCode()).isEqualTo(78);
        assertThat(other.err()).contains("V6.1", "stated is gptq-4bit");
        Ran none = run("models", "add", tiny(), "--name", "tiny", "--quantization", "int3");
        assertThat(none.exitCode()).isEqualTo(64);
        assertThat(none.err()).contains("allowed are f32, f16, bf16, gguf-q4_0");
        Ran added = run("models", "add", tiny(), "--name", "tiny");
        assertThat(added.err()).contains("stored as gguf-q");
        String method = added.err().replaceAll("(?s).*stored as (\\S+),.*", "$1");
        assertThat(run("models", "add", tiny(), "--name", "tiny", "--quantization", method)
                        .exitCode())
                .isZero();
        assertThat(run("models", "show", "tiny").out()).contains("stated          " + method);
    }

    @Test
    void V4_2_aModelIsSignedVerifiedAndTrustedByItsSigner() throws IOException {
        String key = folder.resolve("key").toString();
        assertThat(run("models", "keygen", "--out", key).exitCode()).isZero();
        assertThat(run("models", "keygen", "--out", key).exitCode()).isEqualTo(64);
        assertThat(run("models", "keygen", "--out", key + "2").exitCode()).isZero();
        assertThat(run("models", "sign", tiny(), "--key", key + ".pem").exitCode())
                .isZero();
        String signature = tiny() + ".sig";
        Ran verified = run("models", "verify", tiny(), "--signer", key + ".pub.pem", "--signature", signature);
        assertThat(verified.exitCode()).as(verified.err()).isZero();
        assertThat(verified.out()).contains("verified, signed by key:sha256:");
        Ran other = run("models", "verify", tiny(), "--signer", key + "2.pub.pem", "--signature", signature);
        assertThat(other.exitCode()).isEqualTo(78);
        assertThat(other.err()).contains("REFUSED rule=V4.2", "another key");
        assertThat(run("models", "verify", tiny(), "--signer", key + ".pub.pem").err())
                .contains("rule=V4.1", "not signed");
        assertThat(run("models", "verify", tiny(), "--signature", signature).exitCode())
                .isEqualTo(64);

        assertThat(run("models", "add", tiny(), "--name", "plain").exitCode()).isZero();
        assertThat(run("models", "trust", "plain").exitCode()).isEqualTo(64);
        assertThat(run("models", "trust", "plain", "--signer", key + ".pub.pem", "--signature", signature)
                        .exitCode())
                .isZero();
        assertThat(run("models", "list").out()).contains("key:sha256:");
        assertThat(run("models", "show", "plain").out()).contains("signer          key:sha256:", "revision        1");
        assertThat(run("models", "verify", "plain").out()).contains("revision 1 by key:sha256:");
        Ran added = run(
                "models",
                "add",
                tiny(),
                "--name",
                "signed",
                "--revision",
                "5",
                "--signer",
                key + ".pub.pem",
                "--signature",
                signature);
        assertThat(added.err()).contains("revision 5, vouched for by key:sha256:");
        assertThat(run("run", "--model", "signed", "--max-tokens", "2", "hi").exitCode())
                .isZero();
    }

    @Test
    void aPortInUseIsNamed() throws IOException {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            run("models", "add", tiny(), "--name", "tiny");
            Ran ran = run("serve", "--model", "tiny", "--port", Integer.toString(taken.getLocalPort()));
            assertThat(ran.exitCode()).isEqualTo(75);
            assertThat(ran.err()).contains("port " + taken.getLocalPort() + " of 127.0.0.1 is in use");
        }
    }

    @Test
    void R4_3_aStartWithEveryKeyRevokedIsRefused() throws IOException {
        run("keys", "create", "--application", "web");
        String id = run("keys", "list")
                .out()
                .lines()
                .skip(1)
                .findFirst()
                .orElseThrow()
                .split(" ")[0];
        assertThat(run("keys", "revoke", id).exitCode()).isZero();
        assertThat(run("keys", "revoke", id).exitCode()).isEqualTo(66);
        Ran ran = run("serve", "--model", tiny(), "--port", "0");
        assertThat(ran.exitCode()).isEqualTo(78);
        assertThat(ran.err()).contains("REFUSED rule=R4.3 found=keys:0");
    }

    @Test
    void R4_1_anApplicationNeedsANameOfItsOwn() {
        for (String name : new String[] {"default", "", "Web", "a b"})
            assertThat(run("keys", "create", "--application", name).err()).contains("REFUSED rule=R4.1");
    }

    @Test
    void aNewKeyStandsAloneOnStdout() {
        Ran ran = run("keys", "create", "--application", "web", "--scopes", "inference,metrics");
        assertThat(ran.exitCode()).isZero();
        assertThat(ran.out().strip()).matches("rdt_\\S+");
        assertThat(run("keys", "list").out())
                .contains("web", "inference,metrics", "active")
                .doesNotContain(ran.out().strip());
        assertThat(run("keys", "create", "--application", "web", "--scopes", "root")
                        .exitCode())
                .isEqualTo(64);
    }

    @Test
    void aModelIsAddedListedShownAndVerified() throws IOException {
        assertThat(run("models", "add", tiny(), "--name", "tiny").exitCode()).isZero();
        assertThat(run("models", "list").out()).contains("tiny", "gguf", "smollm2-135m-instruct");
        assertThat(run("models", "show", "tiny").out())
                .contains("llama", "Q8_0", "256 tokens", "apache-2.0", "tiny.gguf", "message");
        assertThat(run("models", "verify").out()).contains("tiny", "verified");
        Path file = folder.resolve("home/models/tiny/files/tiny.gguf");
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        assertThat(file.toFile().setWritable(true)).isTrue();
        Files.write(file, bytes);
        assertThat(run("models", "verify", "tiny").err()).contains("REFUSED rule=V4.2", "tiny.gguf");
        assertThat(run("models", "list", "--quarantine").out()).contains("tiny-2", "verify", "V4.2", "has changed");
        assertThat(run("run", "--model", "tiny", "hi").exitCode()).isEqualTo(66);
    }

    @Test
    void runAnswersAsJsonAndTheSameSeedGivesTheSameAnswer() throws IOException {
        String[] args = {
            "run", "--model", tiny(), "--json", "--seed", "5", "--max-tokens", "12", "--system", "Be short.", "Hello"
        };
        Ran first = run(args);
        assertThat(first.exitCode()).isZero();
        JsonNode answer = JsonMapper.shared().readTree(first.out());
        assertThat(answer.get("prompt_token_ids").size()).isPositive();
        assertThat(answer.get("output_token_ids").size()).isBetween(1, 12);
        assertThat(answer.get("finish_reason").asString()).isIn("length", "stop");
        assertThat(answer.get("timings").get("ttft_ms").asDouble()).isPositive();
        assertThat(first.err()).contains("prompt tokens", "TTFT");
        JsonNode second = JsonMapper.shared().readTree(run(args).out());
        assertThat(second.get("output_token_ids")).isEqualTo(answer.get("output_token_ids"));
        assertThat(second.get("text")).isEqualTo(answer.get("text"));
    }

    @Test
    void everyKvFormatAnswersAndAnotherIsNamedWithTheAllowedOnes() throws IOException {
        for (String type : new String[] {"f16", "f32", "q8"}) {
            Ran ran = run("run", "--model", tiny(), "--kv-cache-dtype", type, "--max-tokens", "4", "Hello");
            assertThat(ran.exitCode()).as(ran.err()).isZero();
        }
        for (String command : new String[] {"serve", "run", "chat", "bench"}) {
            Ran ran = run(command, "--model", tiny(), "--kv-cache-dtype", "fp8");
            assertThat(ran.exitCode()).as(command).isEqualTo(64);
            assertThat(ran.err()).contains("--kv-cache-dtype is fp8, allowed are f16, f32 and q8: give one of them");
        }
    }

    @Test
    void speculationGivesTheSameAnswerAndAnotherWordIsNamedWithTheAllowedOnes() throws IOException {
        String prompt = "one two three one two three one two three one two three";
        List<String> answers = new ArrayList<>();
        for (String how : new String[] {"ngram", "off"}) {
            Ran ran = run("run", "--model", tiny(), "--speculative", how, "--greedy", "--max-tokens", "60", prompt);
            assertThat(ran.exitCode()).as(ran.err()).isZero();
            answers.add(ran.out());
        }
        assertThat(answers.get(0)).isEqualTo(answers.get(1));
        Ran ran = run("run", "--model", tiny(), "--speculative", "on"); // said before stdin is read
        assertThat(ran.exitCode()).isEqualTo(64);
        assertThat(ran.err()).contains("--speculative is on, allowed are ngram and off: give one of them");
    }

    @Test
    void everyProviderOfKernelsGivesTheSameAnswer() throws IOException {
        List<String> answers = new ArrayList<>();
        for (String kernels : Providers.present()) {
            Ran ran = run("run", "--model", tiny(), "--kernels", kernels, "--greedy", "--max-tokens", "8", "Hello");
            assertThat(ran.exitCode()).as(ran.err()).isZero();
            answers.add(ran.out());
        }
        assertThat(answers).hasSizeGreaterThan(1).containsOnly(answers.getFirst());
        Ran ran = run("run", "--model", tiny(), "--kernels", "cuda"); // said before stdin is read
        assertThat(ran.exitCode()).isEqualTo(64);
        assertThat(ran.err()).contains("--kernels is cuda, allowed are auto, scalar, vector, native: give one of them");
    }

    @Test
    void doctorSaysWhichKernelsAreInUseAndWhy() {
        Ran ran = run("doctor");
        assertThat(ran.exitCode()).isZero();
        assertThat(ran.out()).contains("kernels in use").contains(Providers.nativeKernels());
    }

    @Test
    void perplexityScoresWindowsThatDoNotOverlap() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "It was a bright cold day in April. ".repeat(20));
        Path nll = folder.resolve("nll.f32");
        Path top1 = folder.resolve("top1.i32");
        String[] args = {
            "eval",
            "perplexity",
            "--model",
            tiny(),
            "--text",
            text.toString(),
            "--window",
            "256",
            "--tokens",
            "600",
            "--json",
            "--nll-out",
            nll.toString(),
            "--top1-out",
            top1.toString()
        };
        JsonNode result = JsonMapper.shared().readTree(run(args).out());
        assertThat(result.get("tokens").asInt()).isEqualTo(512);
        assertThat(result.get("scored").asInt()).isEqualTo(2 * 255);
        ByteBuffer scores = ByteBuffer.wrap(Files.readAllBytes(nll)).order(ByteOrder.LITTLE_ENDIAN);
        double sum = 0;
        while (scores.hasRemaining()) sum += scores.getFloat();
        assertThat(result.get("mean_nll").asDouble()).isEqualTo(sum / 510);
        assertThat(result.get("perplexity").asDouble()).isEqualTo(Math.exp(sum / 510));
        assertThat(Files.size(top1)).isEqualTo(4 * 510);
    }

    @Test
    void withBosEveryTextIdIsScored() throws IOException {
        Path text = Files.writeString(folder.resolve("text.txt"), "It was a bright cold day in April. ".repeat(20));
        JsonNode result = JsonMapper.shared()
                .readTree(run(
                                "eval",
                                "perplexity",
                                "--model",
                                tiny(),
                                "--text",
                                text.toString(),
                                "--window",
                                "65",
                                "--tokens",
                                "200",
                                "--bos",
                                "--json")
                        .out());
        assertThat(result.get("tokens").asInt()).isEqualTo(3 * 64);
        assertThat(result.get("scored").asInt()).isEqualTo(3 * 64);
    }

    @Test
    void benchReportsEveryTestForEveryBatch() throws IOException {
        Ran ran = run(
                "bench",
                "--model",
                tiny(),
                "--prompt",
                "32",
                "--generate",
                "8",
                "--batch",
                "1,2",
                "--threads",
                "1",
                "--repeat",
                "2",
                "--json");
        JsonNode rows = JsonMapper.shared().readTree(ran.out());
        assertThat(rows.valueStream()
                        .map(row -> row.get("test").asString() + "/"
                                + row.get("batch").asInt()))
                .containsExactly("pp32/1", "tg8/1", "pp32/2", "tg8/2");
        for (JsonNode row : rows) {
            assertThat(row.get("tokens_per_second").asDouble()).isPositive();
            assertThat(row.get("spread").asDouble()).isNotNegative();
            assertThat(row.get("threads").asInt()).isEqualTo(1);
        }
    }
}
