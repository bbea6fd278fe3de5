package dev.redoubt.cli;

import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.PrefixSharing;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.kernels.Providers;
import java.time.Duration;
import java.util.Locale;
import picocli.CommandLine.Option;

/// Which model, on how many threads: the same words for every command that loads one.
final class ModelOptions {
    /// The catalogue's default.
    static final String DEFAULT_MODEL = "smollm2-135m-instruct";

    @Option(
            names = "--model",
            paramLabel = "NAME|PATH",
            defaultValue = DEFAULT_MODEL,
            description =
                    "A model of the store or the catalogue, or a GGUF file or model folder. Default: ${DEFAULT-VALUE}.")
    private String model = DEFAULT_MODEL;

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Compute threads. Default: the processors of this machine.")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--kv-cache-dtype",
            paramLabel = "TYPE",
            defaultValue = "f16",
            description = "How keys and values are stored: f16, f32 or q8. Default: ${DEFAULT-VALUE}.")
    private String kvFormat = "f16";

    @Option(
            names = "--kernels",
            paramLabel = "NAME",
            defaultValue = "auto",
            description =
                    "Who computes: auto, scalar, vector or native; the bits are the same. Default: ${DEFAULT-VALUE}.")
    private String kernels = "auto";

    @Option(
            names = "--speculative",
            paramLabel = "HOW",
            defaultValue = "ngram",
            description = "Guess tokens from what the same text said before: ngram, or off; the answers are the same."
                    + " Default: ${DEFAULT-VALUE}.")
    private String speculative = "ngram";

    String model() {
        return model;
    }

    boolean speculative() {
        return switch (speculative) {
            case "ngram" -> true;
            case "off" -> false;
            default ->
                throw new CommandFailure(
                        ExitCode.USAGE,
                        "--speculative is " + speculative + ", allowed are ngram and off: give one of them");
        };
    }

    int threads() {
        if (threads < 1 || threads > 1024)
            throw new CommandFailure(
                    ExitCode.USAGE, "--threads is " + threads + ", allowed is 1 to 1024: give the number of cores");
        return threads;
    }

    String kernels() {
        if (!Providers.NAMES.contains(kernels))
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--kernels is " + kernels + ", allowed are " + String.join(", ", Providers.NAMES)
                            + ": give one of them");
        if (kernels.equals("native") && !Providers.present().contains(kernels))
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--kernels is native, which is not there: " + Providers.nativeKernels() + ": leave the option out");
        return kernels;
    }

    KvFormat kvFormat() {
        for (KvFormat format : KvFormat.values())
            if (format.name().toLowerCase(Locale.ROOT).equals(kvFormat)) return format;
        throw new CommandFailure(
                ExitCode.USAGE, "--kv-cache-dtype is " + kvFormat + ", allowed are f16, f32 and q8: give one of them");
    }

    /// What the machine's owner may ask of a model without a server between: the context is the only bound.
    EngineOptions local(int contextTokensMax) {
        return local(contextTokensMax, 1, true);
    }

    /// As [#local(int)].
    ///
    /// @param sequencesMax requests at the same time
    /// @param shortcuts whether prompts may come from the cache and tokens be guessed: not where that is
    ///     measured
    EngineOptions local(int contextTokensMax, int sequencesMax, boolean shortcuts) {
        EngineOptions defaults = EngineOptions.defaults(threads());
        RequestLimits limits = RequestLimits.DEFAULT;
        return new EngineOptions(
                kernels(),
                defaults.threads(),
                contextTokensMax,
                sequencesMax,
                defaults.batchedTokensMax(),
                defaults.prefillTokensMax(),
                Math.max(defaults.ongoingMax(), sequencesMax),
                defaults.memoryUtilization(),
                kvFormat(),
                defaults.kvBytesMax(),
                shortcuts ? PrefixSharing.PRINCIPAL : PrefixSharing.OFF,
                shortcuts && speculative(),
                new RequestLimits(
                        Math.max(limits.promptCodePointsMax(), 64 * contextTokensMax),
                        contextTokensMax,
                        Math.min(limits.maxTokensDefault(), contextTokensMax),
                        limits.temperatureMax(),
                        limits.temperatureDefault(),
                        limits.choicesMax(),
                        limits.promptsMax(),
                        limits.stopStringsMax(),
                        limits.stopStringLengthMax(),
                        limits.stopTokenIdsMax(),
                        limits.logitBiasMax(),
                        limits.logprobsMax(),
                        limits.bodyBytesMax(),
                        Duration.ofHours(1)));
    }
}
