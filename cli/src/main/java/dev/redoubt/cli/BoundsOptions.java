package dev.redoubt.cli;

import dev.redoubt.trust.QualityBounds;
import dev.redoubt.trust.TrustEntry;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// How far a quantized model may be from the one it was made of; the same words for each command that states it.
final class BoundsOptions {
    @Option(
            names = "--max-kl",
            paramLabel = "NATS",
            description = "Mean KL divergence. Default: as the allow-list says, else by how the weights are stored;"
                    + " 0.15 for 4 bits.")
    private @Nullable Double meanKlMax;

    @Option(
            names = "--min-top1",
            paramLabel = "SHARE",
            description =
                    "How often both find the same token the most likely, 0 to 1. Default: likewise; 0.80 for 4 bits.")
    private @Nullable Double top1Min;

    @Option(
            names = "--max-perplexity-ratio",
            paramLabel = "RATIO",
            description = "Its perplexity over the base's. Default: likewise; 1.20 for 4 bits.")
    private @Nullable Double perplexityRatioMax;

    /// Whether any was.
    boolean given() {
        return meanKlMax != null || top1Min != null || perplexityRatioMax != null;
    }

    /// What was given in place of what the entry states, or of what is usual for its quantization.
    QualityBounds over(TrustEntry entry) {
        QualityBounds usual = entry.bounds()
                .orElseGet(() -> QualityBounds.of(entry.quantization().orElseThrow()));
        try {
            return new QualityBounds(
                    meanKlMax == null ? usual.meanKlMax() : meanKlMax,
                    top1Min == null ? usual.top1Min() : top1Min,
                    perplexityRatioMax == null ? usual.perplexityRatioMax() : perplexityRatioMax);
        } catch (IllegalArgumentException e) {
            throw new CommandFailure(ExitCode.USAGE, String.valueOf(e.getMessage()));
        }
    }
}
