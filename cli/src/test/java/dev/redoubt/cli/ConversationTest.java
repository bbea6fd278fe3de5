package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.engine.Engine;
import dev.redoubt.testkit.TinyModels;
import dev.redoubt.testkit.WeightKind;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A chat with a tiny model, its lines given.
class ConversationTest {
    @TempDir
    private Path folder;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = Console.of(out, err);

    private Engine engine() throws Exception {
        Path model = TinyModels.gguf(folder.resolve("tiny.gguf"), WeightKind.F32, 3);
        LocalModels models = new LocalModels(new Context(new Home(folder.toAbsolutePath()), console));
        return models.engine(models.artifact(model.toString()), new ModelOptions().local(256));
    }

    private void chat(Conversation conversation, String... lines) throws Exception {
        Deque<String> rest = new ArrayDeque<>(Arrays.asList(lines));
        ChatInput input = new ScriptedInput(rest);
        new ChatSession(conversation, dev.redoubt.base.generation.SamplingParams.greedy(8), input, console).run();
    }

    @Test
    void commandsSteerTheConversationAndSaveWritesIt() throws Exception {
        Path saved = folder.resolve("talk.json");
        try (Engine engine = engine()) {
            Conversation conversation = new Conversation(engine, 8, 256, "");
            chat(conversation, "/system Be kind.", "Hello", "/save " + saved, "/nonsense", "/help", "/exit", "never");
            assertThat(conversation.messages()).hasSize(3);
            assertThat(Files.readString(saved))
                    .startsWith("[{\"role\":\"system\",\"content\":\"Be kind.\"},{\"role\":\"user\"");
            assertThat(err.toString(StandardCharsets.UTF_8)).contains("no command /nonsense", "/reset", "saved to");
            chat(conversation, "/reset", "/system");
            assertThat(conversation.messages()).hasSize(1);
        }
    }

    @Test
    void theOldestTurnsAreForgottenWhenTheContextIsFull() throws Exception {
        try (Engine engine = engine()) {
            Conversation conversation = new Conversation(engine, 8, 256, "Stay.");
            for (int turn = 0; turn < 12; turn++) chat(conversation, "This is a line of some length.");
            assertThat(err.toString(StandardCharsets.UTF_8))
                    .contains("the context is full: the oldest 2 messages are forgotten");
            assertThat(conversation.messages().getFirst().content()).isEqualTo("Stay.");
            assertThat(conversation.messages().get(1).role()).isEqualTo("user");
            assertThat(conversation.messages()).hasSizeLessThan(20);
        }
    }

    @Test
    void aQuestionThatIsTooLongIsRefusedAndTakenBack() throws Exception {
        try (Engine engine = engine()) {
            Conversation conversation = new Conversation(engine, 8, 256, "");
            chat(conversation, "long ".repeat(100));
            assertThat(conversation.messages()).isEmpty();
            assertThat(List.of(err.toString(StandardCharsets.UTF_8).split("\n")))
                    .anyMatch(line -> line.contains("context"));
        }
    }

    /// Lines from a test.
    private record ScriptedInput(Deque<String> lines) implements ChatInput {
        @Override
        public Entry next() {
            return lines.isEmpty() ? new Entry.End() : new Entry.Line(lines.removeFirst());
        }

        @Override
        public void onInterrupt(Optional<Runnable> action) {}

        @Override
        public void close() {}
    }
}
