package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.tokenize.Tokenizer;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// How well a model predicts a text.
final class EvalCommand {
    private static final int WINDOWS_AT_ONCE = 4;

    private EvalCommand() {}

    static CommandLine line(Context context) {
        return new CommandLine(new Overview()).addSubcommand(new PerplexityCommand(context));
    }

    @Command(name = "eval", description = "Judge a model.")
    private static final class Overview extends CommandGroup {}

    @Command(name = "perplexity", description = "The perplexity of a text, in windows that do not see each other.")
    private static final class PerplexityCommand implements Callable<Integer> {
        private final Context context;

        @Mixin
        private ModelOptions model = new ModelOptions();

        @Option(names = "--text", required = true, paramLabel = "FILE", description = "UTF-8 text, taken as it is.")
        private Path text = Path.of("");

        @Option(
                names = "--window",
                paramLabel = "N",
                description =
                        "Positions of a window; a last part that does not fill one is dropped. Default: ${DEFAULT-VALUE}.")
        private int window = 512;

        @Option(names = "--bos", description = "Begin each window with the BOS id, and score all its text ids.")
        private boolean bos;

        @Option(names = "--tokens", paramLabel = "N", description = "Only the first N ids of the text.")
        private @Nullable Integer tokens;

        @Option(names = "--json", description = "{tokens, scored, mean_nll, perplexity}.")
        private boolean json;

        @Option(names = "--nll-out", paramLabel = "FILE", description = "Negative log-likelihoods, little-endian f32.")
        private @Nullable Path nllOut;

        @Option(names = "--top1-out", paramLabel = "FILE", description = "Most likely ids, little-endian i32.")
        private @Nullable Path top1Out;

        PerplexityCommand(Context context) {
            this.context = context;
        }

        @Override
        public Integer call() throws IOException, InterruptedException {
            if (window < 2)
                throw new CommandFailure(
                        ExitCode.USAGE, "--window is " + window + ", it must be 2 or more: 512 is usual");
            String content = read(text);
            LocalModels models = new LocalModels(context);
            VerifiedArtifact artifact = models.artifact(model.model());
            int[] ids;
            OptionalInt first = OptionalInt.empty();
            try (Tokenizer tokenizer = Tokenizer.of(artifact)) {
                ids = tokenizer.encodeWithoutBos(content);
                if (bos) first = beginning(tokenizer, artifact);
            }
            if (tokens != null) ids = Arrays.copyOf(ids, Math.clamp(tokens, 0, ids.length));
            if (ids.length < window)
                throw new CommandFailure(
                        ExitCode.USAGE,
                        text + " has " + ids.length + " ids, a window has " + window
                                + ": give a longer text or a smaller --window");
            EngineOptions options = model.local(window, WINDOWS_AT_ONCE, false);
            try (Engine engine = models.engine(artifact, options)) {
                print(Perplexity.measure(engine, ids, window, first, WINDOWS_AT_ONCE));
            }
            return ExitCode.OK.code();
        }

        private void print(Perplexity result) throws IOException {
            if (nllOut != null) DurableFiles.replace(nllOut, floats(result.nll()));
            if (top1Out != null) DurableFiles.replace(top1Out, ints(result.top1()));
            if (json)
                Json.print(
                        context.console().out(),
                        Json.object(
                                "tokens", result.tokens(),
                                "scored", result.nll().length,
                                "mean_nll", result.meanNll(),
                                "perplexity", result.perplexity()));
            else
                context.console()
                        .out()
                        .println(String.format(
                                Locale.ROOT,
                                "perplexity %.4f, mean NLL %.6f, %d of %d ids scored",
                                result.perplexity(),
                                result.meanNll(),
                                result.nll().length,
                                result.tokens()));
        }
    }

    private static OptionalInt beginning(Tokenizer tokenizer, VerifiedArtifact artifact) {
        if (tokenizer.bos().isEmpty())
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--bos cannot be used with model " + artifact.name() + ", it has no BOS id: leave it out");
        return tokenizer.bos();
    }

    private static String read(Path file) throws IOException {
        if (!Files.isRegularFile(file)) throw new NoSuchFileException(file.toString());
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(Files.readAllBytes(file)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new CommandFailure(ExitCode.USAGE, file + " is not UTF-8: convert it");
        }
    }

    private static byte[] floats(float... values) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asFloatBuffer().put(values);
        return buffer.array();
    }

    private static byte[] ints(int... values) {
        ByteBuffer buffer = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
        buffer.asIntBuffer().put(values);
        return buffer.array();
    }
}
