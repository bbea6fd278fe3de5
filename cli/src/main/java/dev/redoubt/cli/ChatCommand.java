package dev.redoubt.cli;

import dev.redoubt.engine.Engine;
import java.io.IOException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// A conversation at the terminal.
@Command(name = "chat", description = "Talk to a model.")
final class ChatCommand implements Callable<Integer> {
    private static final int CONTEXT_TOKENS_MAX = 4096;

    private final Context context;

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Mixin
    private SamplingOptions sampling = new SamplingOptions();

    ChatCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        try (Engine engine = new LocalModels(context).engine(model, model.local(CONTEXT_TOKENS_MAX))) {
            if (!engine.card().chat())
                throw new CommandFailure(
                        ExitCode.USAGE,
                        "model " + engine.card().name()
                                + " has no chat template: use redoubt run, or an instruct model");
            context.console().note(engine.card().name() + ", " + engine.description() + "; /help lists the commands");
            Conversation conversation =
                    new Conversation(engine, sampling.maxTokens(), CONTEXT_TOKENS_MAX, sampling.system());
            try (ChatInput input = ChatInput.open(context)) {
                new ChatSession(conversation, sampling.params(), input, context.console()).run();
            }
        }
        return ExitCode.OK.code();
    }
}
