package dev.redoubt.cli;

import dev.redoubt.engine.canary.Judgement;
import dev.redoubt.engine.model.Models;
import dev.redoubt.engine.quantize.Quantization;
import dev.redoubt.engine.quantize.Target;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// A smaller file of the same model.
@Command(
        name = "quantize",
        description = {
            "Write a quantized GGUF file of a model whose weights are floats; llama.cpp loads it too.",
            "Matrices are quantized; norms and biases stay floats, and with blocks of 256 the matrix that makes the"
                    + " logits gets 6 bits at least."
        })
final class QuantizeCommand implements Callable<Integer> {
    private final Context context;

    @Parameters(index = "0", paramLabel = "IN", description = "An entry of the store, or a GGUF file of floats.")
    private String in = "";

    @Parameters(index = "1", paramLabel = "OUT", description = "The file to write; it must not be there.")
    private Path out = Path.of("");

    @Option(
            names = "--to",
            required = true,
            paramLabel = "FORMAT",
            description = "q8_0, q6_k, q5_1, q5_0, q5_k, q4_1, q4_0, q4_k, q3_k or q2_k: q4_k is usual.")
    private String to = "";

    QuantizeCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException {
        Target target = Target.named(to)
                .orElseThrow(() -> new CommandFailure(
                        ExitCode.USAGE, "--to is '" + to + "', allowed are " + Target.names() + ": q4_k is usual"));
        if (Files.exists(out))
            throw new CommandFailure(ExitCode.USAGE, out + " is there already: name another file, or remove it");
        Path folder = out.toAbsolutePath().getParent();
        if (folder == null || !Files.isDirectory(folder))
            throw new CommandFailure(ExitCode.USAGE, "the folder of " + out + " is not there: make it first");
        try (VerifiedArtifact model = new LocalModels(context).artifact(in)) {
            Quantization quantization = new Quantization(model, target, VersionCommand.version());
            Models.describe(model); // what cannot be computed cannot be compared with what is written
            long bytesBefore = model.tensorBytes();
            ProgressBar bar = new ProgressBar(context.console(), String.valueOf(out.getFileName()));
            long total = quantization.tensorBytes();
            Judgement judgement;
            try {
                judgement = quantization.write(
                        out,
                        done -> bar.at(done, total, done < total ? "written" : "written, now compared with " + in),
                        Runtime.getRuntime().availableProcessors());
            } finally {
                bar.end();
            }
            report(quantization, bytesBefore, judgement);
        }
        return ExitCode.OK.code();
    }

    private void report(Quantization quantization, long bytesBefore, Judgement judgement) {
        String types = quantization.weightsByType().entrySet().stream()
                .sorted((a, b) -> Long.compare(b.getValue(), a.getValue()))
                .map(entry -> String.format(Locale.ROOT, "%s %.1f M", entry.getKey(), entry.getValue() / 1e6))
                .collect(Collectors.joining(", "));
        try (VerifiedArtifact written = ModelPath.open(out)) {
            context.console()
                    .out()
                    .println(String.format(
                            Locale.ROOT,
                            "%s: %.1f MB of %.1f, weights %s%n"
                                    + "%d tokens compared: mean KL %.5f nats (largest %.4f), same token most likely %.3f,"
                                    + " perplexity × %.4f%n"
                                    + "sha256:%s, made of sha256:%s",
                            out,
                            quantization.tensorBytes() / 1e6,
                            bytesBefore / 1e6,
                            types,
                            judgement.tokens(),
                            judgement.meanKl(),
                            judgement.maxKl(),
                            judgement.top1(),
                            judgement.perplexityRatio(),
                            written.digest(),
                            judgement.base()));
        }
    }
}
