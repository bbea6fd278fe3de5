package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.http.StreamResponse;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.completions.CompletionUsage;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.testkit.SmolLm2;
import dev.redoubt.trust.Catalogue;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A real model, named as a user names it, and the official client: what is said makes sense, and streams, stop
/// strings and usage agree with each other.
class SmolLm2ClientTest {
    private static final String MODEL = Catalogue.DEFAULT;

    @TempDir
    static Path folder;

    private static RunningServer running;
    private static OpenAIClient client;

    /// The catalogue finds the file in the home's import folder, so that tests fetch it once for all.
    @BeforeAll
    static void start() throws IOException {
        Path file = SmolLm2.file();
        Path imports = Files.createDirectories(folder.resolve("home/import"));
        String name = Catalogue.find(MODEL).orElseThrow().fileName();
        Files.createSymbolicLink(imports.resolve(name), file.toAbsolutePath());
        running = RunningServer.start(folder.resolve("home"), MODEL, RequestLimits.DEFAULT);
        client = OpenAIOkHttpClient.builder()
                .apiKey(running.key)
                .baseUrl(running.url + "/v1")
                .maxRetries(0)
                .build();
    }

    @AfterAll
    static void stop() {
        if (running != null) running.close();
    }

    private static ChatCompletionCreateParams.Builder capital() {
        return ChatCompletionCreateParams.builder()
                .model(MODEL)
                .addUserMessage("What is the capital of France?")
                .maxCompletionTokens(48)
                .temperature(0.0);
    }

    private static ChatCompletion ask(ChatCompletionCreateParams.Builder params) {
        return client.chat().completions().create(params.build());
    }

    private static String text(ChatCompletion answer) {
        return answer.choices().getFirst().message().content().orElseThrow();
    }

    private static String finish(ChatCompletion answer) {
        return answer.choices().getFirst().finishReason().toString();
    }

    @Test
    void itAnswersAndEndsByItself() {
        ChatCompletion answer = ask(capital());
        assertThat(text(answer)).contains("Paris");
        assertThat(finish(answer)).isEqualTo("stop");
        assertAddsUp(answer.usage().orElseThrow());
    }

    @Test
    void aStreamIsTheSameTextInPiecesWithTheSameUsage() {
        ChatCompletion whole = ask(capital());
        List<ChatCompletionChunk> chunks = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        ChatCompletionCreateParams params = capital()
                .streamOptions(
                        ChatCompletionStreamOptions.builder().includeUsage(true).build())
                .build();
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(params)) {
            stream.stream().forEach(chunk -> {
                chunks.add(chunk);
                chunk.choices().forEach(choice -> choice.delta().content().ifPresent(text::append));
            });
        }
        assertThat(text.toString()).isEqualTo(text(whole));
        assertThat(chunks).hasSizeGreaterThan(5);
        CompletionUsage usage = chunks.getLast().usage().orElseThrow();
        assertThat(usage.completionTokens())
                .isEqualTo(whole.usage().orElseThrow().completionTokens());
        assertAddsUp(usage);
    }

    @Test
    void aStopStringEndsTheTextBeforeIt() {
        String whole = text(ask(capital()));
        ChatCompletion stopped = ask(capital().stop("Paris"));
        assertThat(text(stopped)).isEqualTo(whole.substring(0, whole.indexOf("Paris")));
        assertThat(finish(stopped)).isEqualTo("stop");
        StringBuilder streamed = new StringBuilder();
        try (StreamResponse<ChatCompletionChunk> stream = client.chat()
                .completions()
                .createStreaming(capital().stop("Paris").build())) {
            stream.stream()
                    .flatMap(chunk -> chunk.choices().stream())
                    .forEach(choice -> choice.delta().content().ifPresent(streamed::append));
        }
        assertThat(streamed.toString()).isEqualTo(text(stopped));
    }

    @Test
    void aLengthThatIsReachedSaysSo() {
        ChatCompletion cut = ask(capital().maxCompletionTokens(3));
        assertThat(finish(cut)).isEqualTo("length");
        assertThat(cut.usage().orElseThrow().completionTokens()).isEqualTo(3);
        Completion completion = client.completions()
                .create(CompletionCreateParams.builder()
                        .model(MODEL)
                        .prompt("Once upon a time")
                        .maxTokens(8)
                        .temperature(0.0)
                        .build());
        assertThat(completion.choices().getFirst().text()).isNotBlank();
        assertThat(completion.usage().orElseThrow().completionTokens()).isEqualTo(8);
    }

    private static void assertAddsUp(CompletionUsage usage) {
        assertThat(usage.promptTokens()).isPositive();
        assertThat(usage.completionTokens()).isBetween(1L, 48L);
        assertThat(usage.totalTokens()).isEqualTo(usage.promptTokens() + usage.completionTokens());
    }
}
