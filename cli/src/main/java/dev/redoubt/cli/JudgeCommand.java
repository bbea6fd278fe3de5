package dev.redoubt.cli;

import dev.redoubt.engine.canary.Judgement;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.trust.QualityBounds;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `models judge`: a quantized model against the one it was made of.
@Command(
        name = "judge",
        description = {
            "Compare a quantized model with the one it was made of, over one text: KL divergence, the most likely token,"
                    + " perplexity.",
            "One that is beyond the bounds is taken off the allow-list, and no server loads it. Bounds that are given"
                    + " and kept become its entry's."
        })
final class JudgeCommand implements Callable<Integer> {
    private static final long TEXT_BYTES_MAX = 1 << 20;

    private final Context context;

    @Parameters(paramLabel = "NAME", description = "The quantized model, an entry of the store.")
    private String name = "";

    @Option(
            names = "--base",
            required = true,
            paramLabel = "NAME|PATH",
            description = "What it was made of: an entry of the store, a GGUF file or a model folder.")
    private String base = "";

    @Mixin
    private BoundsOptions given = new BoundsOptions();

    @Option(
            names = "--text",
            paramLabel = "FILE",
            description = "Judge over the first 512 tokens of your own text. Default: the product's reference text.")
    private @Nullable Path text;

    JudgeCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        LocalModels models = LocalModels.serving(context, Optional.empty());
        String read = text == null ? "" : read(text);
        int threads = Runtime.getRuntime().availableProcessors();
        Judgement judgement;
        QualityBounds bounds;
        try (VerifiedArtifact model = models.artifact(name);
                VerifiedArtifact original = new LocalModels(context).artifact(base)) {
            bounds = given.over(model.trust().orElseThrow());
            judgement = Judgement.of(original, model, read, threads);
        }
        List<String> problems = judgement.problems(bounds);
        CanaryFolder folder = CanaryFolder.open(context.home());
        Path report = context.carryOut(
                AuditKind.MODEL_JUDGE,
                name,
                () -> {
                    if (!problems.isEmpty()) models.store().trust().distrust(name);
                    else if (given.given()) models.store().trust().bound(name, judgement.model(), bounds);
                    return folder.keep(judgement.model(), judgement);
                },
                kept -> (problems.isEmpty() ? "passed" : "failed") + ", sha256:" + judgement.model()
                        + " against sha256:" + judgement.base() + ", " + bounds);
        context.console()
                .out()
                .println(String.format(
                        Locale.ROOT,
                        "%s against %s, %d tokens: mean KL %.5f nats (largest %.4f), same token most likely %.3f,"
                                + " perplexity × %.4f%n%s",
                        name,
                        base,
                        judgement.tokens(),
                        judgement.meanKl(),
                        judgement.maxKl(),
                        judgement.top1(),
                        judgement.perplexityRatio(),
                        report));
        if (problems.isEmpty()) return ExitCode.OK.code();
        throw new Refusal(problems.stream()
                .map(problem -> Refusal.line(
                        "V6.2",
                        "'" + name + "' against '" + base + "': " + problem
                                + "; it is off the allow-list: quantize it again, or give other bounds"))
                .toList());
    }

    private static String read(Path file) throws IOException {
        if (!Files.isRegularFile(file))
            throw new CommandFailure(ExitCode.NO_INPUT, "the text " + file + " is no file: name a text in UTF-8");
        if (Files.size(file) > TEXT_BYTES_MAX)
            throw new CommandFailure(
                    ExitCode.USAGE, "the text " + file + " has over " + TEXT_BYTES_MAX + " bytes: give a part of it");
        return Files.readString(file);
    }
}
