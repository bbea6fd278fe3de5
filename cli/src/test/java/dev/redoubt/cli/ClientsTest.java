package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The clients that people have, over a real socket: what they send works, what they get they understand.
class ClientsTest {
    @TempDir
    static Path folder;

    private static RunningServer running;

    @BeforeAll
    static void start() throws IOException {
        running = RunningServer.start(folder);
    }

    @AfterAll
    static void stop() {
        running.close();
    }

    private static OpenAIClient openai(String key) {
        return OpenAIOkHttpClient.builder()
                .apiKey(key)
                .baseUrl(running.url + "/v1")
                .maxRetries(0)
                .build();
    }

    private static ChatCompletionCreateParams.Builder hello() {
        return ChatCompletionCreateParams.builder()
                .model("tiny")
                .addSystemMessage("Be short.")
                .addUserMessage("Hello")
                .maxCompletionTokens(8)
                .temperature(0.0);
    }

    @Test
    void openaiJavaChats() {
        ChatCompletion answer = openai(running.key).chat().completions().create(hello().build());
        assertThat(answer.choices()).hasSize(1);
        assertThat(answer.choices().getFirst().message().content()).isPresent();
        assertThat(answer.usage().orElseThrow().completionTokens()).isBetween(1L, 8L);
        assertThat(answer.model()).isEqualTo("tiny");
    }

    @Test
    void openaiJavaStreamsTheSameTextAndTheUsage() {
        OpenAIClient client = openai(running.key);
        String whole = client.chat()
                .completions()
                .create(hello().build())
                .choices()
                .getFirst()
                .message()
                .content()
                .orElseThrow();
        StringBuilder text = new StringBuilder();
        List<ChatCompletionChunk> chunks = new ArrayList<>();
        ChatCompletionCreateParams params = hello().streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(params)) {
            stream.stream().forEach(chunk -> {
                chunks.add(chunk);
                chunk.choices().forEach(choice -> choice.delta().content().ifPresent(text::append));
            });
        }
        assertThat(text.toString()).isEqualTo(whole);
        assertThat(chunks.getLast().usage().orElseThrow().completionTokens()).isPositive();
    }

    @Test
    void openaiJavaCompletesAndListsModels() {
        OpenAIClient client = openai(running.key);
        Completion completion = client.completions()
                .create(CompletionCreateParams.builder()
                        .model("tiny")
                        .prompt("Once upon a time")
                        .maxTokens(8)
                        .seed(3)
                        .build());
        assertThat(completion.choices().getFirst().text()).isNotNull();
        assertThat(client.models().list().data())
                .singleElement()
                .satisfies(model -> assertThat(model.id()).isEqualTo("tiny"));
        assertThat(client.models().retrieve("tiny").id()).isEqualTo("tiny");
    }

    @Test
    void openaiJavaUnderstandsRefusals() {
        OpenAIClient client = openai(running.key);
        assertThatThrownBy(() -> openai("rdt_wrong").models().list()).isInstanceOf(UnauthorizedException.class);
        assertThatThrownBy(() -> client.models().retrieve("nope")).isInstanceOf(NotFoundException.class);
        assertThatThrownBy(() -> client.chat()
                        .completions()
                        .create(hello().temperature(3.0).build()))
                .isInstanceOfSatisfying(
                        BadRequestException.class, e -> assertThat(e.param()).hasValue("temperature"));
    }

    @Test
    void langChain4jChatsAndStreams() throws Exception {
        OpenAiChatModel chat = OpenAiChatModel.builder()
                .baseUrl(running.url + "/v1")
                .apiKey(running.key)
                .modelName("tiny")
                .maxTokens(8)
                .temperature(0.0)
                .build();
        String whole = chat.chat("Hello");
        OpenAiStreamingChatModel streaming = OpenAiStreamingChatModel.builder()
                .baseUrl(running.url + "/v1")
                .apiKey(running.key)
                .modelName("tiny")
                .maxTokens(8)
                .temperature(0.0)
                .build();
        CompletableFuture<ChatResponse> response = new CompletableFuture<>();
        streaming.chat("Hello", new StreamingChatResponseHandler() {
            @Override
            public void onPartialResponse(String partial) {}

            @Override
            public void onCompleteResponse(ChatResponse complete) {
                response.complete(complete);
            }

            @Override
            public void onError(Throwable error) {
                response.completeExceptionally(error);
            }
        });
        assertThat(response.get(20, TimeUnit.SECONDS).aiMessage().text()).isEqualTo(whole);
    }

    @Test
    void curlStreamsLineByLine() throws Exception {
        Process curl = start(
                "curl",
                "-sN",
                running.url + "/v1/chat/completions",
                "-H",
                "Authorization: Bearer " + running.key,
                "-H",
                "Content-Type: application/json",
                "-d",
                "{\"model\":\"tiny\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}],\"max_tokens\":4,\"stream\":true}");
        List<String> lines = output(curl);
        assertThat(curl.waitFor()).isZero();
        assertThat(lines.stream().filter(line -> !line.isEmpty())).allMatch(line -> line.startsWith("data: "));
        assertThat(lines).contains("data: [DONE]");
    }

    @Test
    void openaiPythonChatsAndStreams() throws Exception {
        Path python = pythonWithOpenai();
        Path script = Files.writeString(folder.resolve("client.py"), """
                import sys, openai
                client = openai.OpenAI(base_url=sys.argv[1], api_key=sys.argv[2], max_retries=0)
                ask = dict(model="tiny", messages=[{"role": "user", "content": "Hello"}], max_tokens=8, temperature=0)
                whole = client.chat.completions.create(**ask).choices[0].message.content
                parts = [c.choices[0].delta.content or "" for c in client.chat.completions.create(stream=True, **ask) if c.choices]
                assert "".join(parts) == whole, (parts, whole)
                assert client.completions.create(model="tiny", prompt="Hi", max_tokens=4, logprobs=2).choices[0].logprobs
                try:
                    client.chat.completions.create(**{**ask, "n": 99})
                    raise SystemExit("n=99 was taken")
                except openai.BadRequestError as e:
                    assert e.param == "n", e
                print("fine")
                """);
        Process client = start(python.toString(), script.toString(), running.url + "/v1", running.key);
        List<String> lines = output(client);
        assertThat(lines).contains("fine");
        assertThat(client.waitFor()).isZero();
    }

    @Test
    void R1_3_aCallerWhoLeavesFreesItsBlocks() throws Exception {
        String body =
                "{\"model\":\"tiny\",\"prompt\":\"Hi\",\"max_tokens\":200,\"ignore_eos\":true,\"stream\":true,\"n\":8}";
        try (Socket socket = new Socket("127.0.0.1", running.server.port())) {
            OutputStream out = socket.getOutputStream();
            out.write(("POST /v1/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + running.key
                            + "\r\nContent-Type: application/json\r\nContent-Length: " + body.length() + "\r\n\r\n"
                            + body)
                    .getBytes(StandardCharsets.US_ASCII));
            out.flush();
            assertThat(socket.getInputStream().read()).isEqualTo('H');
        }
        long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (running.server.engine().orElseThrow().stats().kvBlocksUsed() > 0 && System.nanoTime() < end)
            Thread.onSpinWait();
        assertThat(running.server.engine().orElseThrow().stats().kvBlocksUsed()).isZero();
    }

    /// A virtual environment that is kept between runs; skips where pip cannot make one.
    private static Path pythonWithOpenai() throws Exception {
        Path environment = Path.of(System.getProperty("user.home"), ".cache", "redoubt-test", "openai-venv");
        Path python = environment.resolve("bin/python");
        if (!Files.isExecutable(python)
                || start(python.toString(), "-c", "import openai").waitFor() != 0) {
            Files.createDirectories(environment);
            assumeTrue(
                    Files.isExecutable(Path.of("/usr/bin/python3"))
                            && start("python3", "-m", "venv", environment.toString())
                                            .waitFor()
                                    == 0,
                    "skipped: python3 -m venv does not work here");
            Process pip = start(python.toString(), "-m", "pip", "install", "-q", "openai");
            output(pip);
            assumeTrue(pip.waitFor() == 0, "skipped: pip cannot install openai here");
        }
        return python;
    }

    private static Process start(String... command) throws IOException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new java.io.File("/dev/null")))
                .start();
    }

    private static List<String> output(Process process) throws IOException {
        try (BufferedReader reader = process.inputReader(StandardCharsets.UTF_8)) {
            return reader.lines().toList();
        }
    }
}
