package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.FinishReason;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The loop of a chat: a line is a command or a question.
final class ChatSession {
    private static final String HELP = """
            /system TEXT  what the model is told before the conversation; alone: show it
            /reset        forget the conversation
            /save FILE    write it as JSON
            /exit         leave (or Ctrl-D)
            Ctrl-C stops an answer. A line that ends in \\, or Alt-Enter, goes on in the next line.""";

    private final Conversation conversation;
    private final SamplingParams sampling;
    private final ChatInput input;
    private final Console console;

    ChatSession(Conversation conversation, SamplingParams sampling, ChatInput input, Console console) {
        this.conversation = conversation;
        this.sampling = sampling;
        this.input = input;
        this.console = console;
    }

    /// Until the user leaves.
    void run() throws IOException, InterruptedException {
        while (true) {
            switch (input.next()) {
                case ChatInput.Entry.End _ -> {
                    return;
                }
                case ChatInput.Entry.Interrupted _ -> console.note("/exit or Ctrl-D leaves");
                case ChatInput.Entry.Line line -> {
                    String text = line.text().strip();
                    if (text.equals("/exit")) return;
                    if (text.startsWith("/")) command(text);
                    else if (!text.isEmpty()) answer(text);
                }
            }
        }
    }

    private void command(String text) {
        int space = text.indexOf(' ');
        String name = space < 0 ? text : text.substring(0, space);
        String argument = space < 0 ? "" : text.substring(space + 1).strip();
        switch (name) {
            case "/help" -> console.note(HELP);
            case "/reset" -> {
                conversation.reset();
                console.note("the conversation is forgotten");
            }
            case "/system" -> system(argument);
            case "/save" -> save(argument);
            default -> console.note("no command " + name + ": /help lists them");
        }
    }

    private void system(String text) {
        if (!text.isEmpty()) conversation.setSystem(text);
        console.note(conversation.system().isEmpty() ? "no system message" : "system: " + conversation.system());
    }

    private void save(String file) {
        if (file.isEmpty()) {
            console.note("/save needs a file: /save talk.json");
            return;
        }
        try {
            DurableFiles.replace(Path.of(file), conversation.json().getBytes(StandardCharsets.UTF_8));
            console.note("saved to " + file);
        } catch (IOException | java.nio.file.InvalidPathException e) {
            console.note("cannot write " + file + ": name another file");
        }
    }

    private void answer(String question) throws InterruptedException {
        try {
            int forgotten = conversation.ask(question);
            if (forgotten > 0) console.note("the context is full: the oldest " + forgotten + " messages are forgotten");
            AtomicReference<@Nullable Generation> running = new AtomicReference<>();
            input.onInterrupt(Optional.of(() -> {
                Generation generation = running.get();
                if (generation != null) generation.cancel();
            }));
            Answer answer = Answer.ask(
                    conversation.model(), new Prompt.Chat(conversation.messages()), sampling, running::set, this::show);
            console.out().println();
            if (answer.finishReason() == FinishReason.CANCELLED) console.note("stopped");
            else console.note(RunCommand.statistics(answer));
            conversation.answered(answer.text());
        } catch (ServeException e) {
            conversation.unanswered();
            console.note(e.getMessage());
        } finally {
            input.onInterrupt(Optional.empty());
        }
    }

    private void show(String piece) {
        console.out().print(piece);
        console.out().flush();
    }
}
