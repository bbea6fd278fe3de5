package dev.redoubt.cli;

import dev.redoubt.base.TimeSource;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.WatchedEngine;
import dev.redoubt.engine.canary.CanaryReading;
import dev.redoubt.engine.canary.CanaryReference;
import dev.redoubt.engine.canary.ReadableAnswer;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.trust.ArtifactException;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `models calibrate`: a trusted run of a model, kept.
@Command(
        name = "calibrate",
        description = {
            "Keep, signed, what a model makes of the reference text, in place of what was kept before.",
            "Every load and every few hours a server's models are compared with it, to the bit."
        })
final class CalibrateCommand implements Callable<Integer> {
    private final Context context;

    @Parameters(paramLabel = "NAME", description = "An entry of the store; its bytes are compared with its manifest.")
    private String name = "";

    @Option(
            names = "--kv-cache-dtype",
            paramLabel = "TYPE",
            description = "As the server will have it: f16, f32 or q8. Default: f16.")
    private KvFormat kvFormat = KvFormat.F16;

    CalibrateCommand(Context context) {
        this.context = context;
    }

    /// The words of formats are written small, as everywhere.
    static CommandLine line(Context context) {
        return new CommandLine(new CalibrateCommand(context)).setCaseInsensitiveEnumValuesAllowed(true);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        LocalModels models = LocalModels.serving(context, Optional.empty());
        try (WatchedEngine engine = ModelLoader.watched(models.serving(models.artifact(name), List.of(), options()))) {
            CanaryReading reading = CanaryReading.of(engine);
            ReadableAnswer.problem(reading).ifPresent(why -> {
                throw new Refusal(List.of(Refusal.line(
                        "V6.2",
                        "the answer of '" + name + "' to the reference text is not readable, " + why
                                + ": serve another model")));
            });
            CanaryFolder folder = CanaryFolder.open(context.home());
            String digest = engine.card().digest();
            Optional<String> before = before(folder, digest, reading);
            context.carryOut(
                    AuditKind.MODEL_CALIBRATE,
                    name,
                    () -> {
                        folder.keep(
                                CanaryReference.of(digest, TimeSource.system().now(), reading));
                        return before;
                    },
                    old -> "done, sha256:" + digest
                            + old.map(what -> ", before: " + what).orElse(""));
            report(digest, reading, before);
        }
        return ExitCode.OK.code();
    }

    private EngineOptions options() {
        return EngineOptions.defaults(Runtime.getRuntime().availableProcessors())
                .alone(kvFormat);
    }

    /// What the reference that is there says of this run; empty if there is none.
    private static Optional<String> before(CanaryFolder folder, String digest, CanaryReading reading)
            throws IOException {
        try {
            Optional<CanaryReference> kept = folder.find(digest, reading);
            if (kept.isEmpty()) return Optional.empty();
            if (!kept.get().current())
                return Optional.of("of arithmetic " + kept.get().arithmetic());
            return Optional.of(kept.get()
                    .reading()
                    .difference(reading)
                    .map(where -> "other, at " + where)
                    .orElse("equal to the bit"));
        } catch (ArtifactException notOurs) {
            return Optional.of(String.valueOf(notOurs.getMessage()));
        }
    }

    private void report(String digest, CanaryReading reading, Optional<String> before) {
        context.console()
                .out()
                .println(String.format(
                        Locale.ROOT,
                        "%s  sha256:%s%n%s%n%s",
                        name,
                        digest,
                        reading.embeds() ? vector(reading) : answer(reading),
                        before.map(what -> "the reference before was " + what)
                                .orElse("there was no reference before")));
    }

    private static String vector(CanaryReading reading) {
        return reading.ids().length + " tokens, a vector of " + reading.vector().length + " numbers";
    }

    private static String answer(CanaryReading reading) {
        double sum = 0;
        for (float logprob : reading.logprobs()) sum += logprob;
        return String.format(
                Locale.ROOT,
                "%d tokens, KV cache %s, mean log probability %.4f%nanswer  %s",
                reading.ids().length,
                reading.kvFormat(),
                sum / reading.logprobs().length,
                reading.answer().strip().replaceAll("\\s+", " "));
    }
}
