package dev.redoubt.cli;

import dev.redoubt.base.generation.ChatMessage;
import dev.redoubt.base.generation.Generation;
import dev.redoubt.base.generation.Prompt;
import dev.redoubt.base.generation.SamplingParams;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// One answer, streamed to stdout; what it cost on stderr.
@Command(name = "run", description = "Answer one prompt.")
final class RunCommand implements Callable<Integer> {
    private static final int CONTEXT_TOKENS_MAX = 4096;

    private final Context context;

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    @Option(names = "--json", description = "One JSON object at the end in place of the stream.")
    private boolean json;

    @Parameters(
            arity = "0..1",
            paramLabel = "PROMPT",
            description = "What to answer; - or nothing reads it from stdin.")
    private @Nullable String prompt;

    RunCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        // What is wrong with the options is said before anybody types a prompt into stdin.
        EngineOptions options = model.local(CONTEXT_TOKENS_MAX);
        SamplingParams params = sampling.params();
        String question = question();
        try (Engine engine = new LocalModels(context).engine(model, options)) {
            Prompt asked = prompt(engine, question);
            int[] promptIds = promptIds(engine, asked);
            AtomicReference<@Nullable Generation> running = new AtomicReference<>();
            CancelOnExit onExit = CancelOnExit.install(running);
            Answer answer = Answer.ask(engine, asked, params, running::set, this::show);
            onExit.ended();
            if (json) Json.print(context.console().out(), object(engine, promptIds, answer));
            else context.console().out().println();
            context.console().note(statistics(answer));
        }
        return ExitCode.OK.code();
    }

    private void show(String piece) {
        if (json) return;
        context.console().out().print(piece);
        context.console().out().flush();
    }

    private String question() throws IOException {
        String text = prompt == null || prompt.equals("-")
                ? new String(System.in.readAllBytes(), StandardCharsets.UTF_8).strip()
                : prompt;
        if (text.isEmpty())
            throw new CommandFailure(ExitCode.USAGE, "the prompt is empty: redoubt run \"Why is the sky blue?\"");
        return text;
    }

    private Prompt prompt(Engine engine, String question) {
        List<ChatMessage> messages = new ArrayList<>();
        if (!sampling.system().isEmpty()) messages.add(new ChatMessage("system", sampling.system()));
        messages.add(new ChatMessage("user", question));
        if (engine.card().chat()) return new Prompt.Chat(messages);
        if (!sampling.system().isEmpty())
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--system cannot be used with model " + engine.card().name()
                            + ", it has no chat template: put the text into the prompt");
        return new Prompt.Text(question);
    }

    private static int[] promptIds(Engine engine, Prompt prompt) {
        return switch (prompt) {
            case Prompt.Chat chat -> engine.tokenize(chat.messages());
            case Prompt.Text text -> engine.tokenize(text.text());
            case Prompt.Tokens tokens ->
                tokens.ids().stream().mapToInt(Integer::intValue).toArray();
        };
    }

    private static Map<String, Object> object(Engine engine, int[] promptIds, Answer answer) {
        return Json.object(
                "model", engine.card().name(),
                "text", answer.text(),
                "prompt_token_ids", promptIds,
                "output_token_ids", answer.tokenIds(),
                "finish_reason", answer.finishReason().name().toLowerCase(Locale.ROOT),
                "timings",
                        Json.object(
                                "queue_ms",
                                answer.usage().queueNanos() / 1e6,
                                "ttft_ms",
                                answer.ttftMillis(),
                                "total_ms",
                                answer.usage().totalNanos() / 1e6,
                                "tokens_per_second",
                                answer.tokensPerSecond()));
    }

    /// For people.
    static String statistics(Answer answer) {
        return String.format(
                Locale.ROOT,
                "%d prompt tokens, TTFT %.2f s, %d tokens at %.1f tokens/s, %s",
                answer.usage().promptTokens(),
                answer.ttftMillis() / 1e3,
                answer.usage().completionTokens(),
                answer.tokensPerSecond(),
                answer.finishReason().name().toLowerCase(Locale.ROOT));
    }
}
