package dev.redoubt.engine.model;

import java.util.List;

/// How a model stretches its rotary embedding over longer texts than its base was made for. What is not listed
/// here is refused by name. Where a model has one scaling for short texts and another for long ones, the context that
/// it is loaded for decides: else the same token would be computed differently in different requests.
sealed interface RopeScaling {
    record None() implements RopeScaling {}

    /// Positions divided by a factor.
    record Linear(double factor) implements RopeScaling {}

    /// NTK by length: changes nothing up to the context the model was trained for, and no longer text is
    /// computed.
    record Dynamic() implements RopeScaling {}

    /// Llama 3.1: long wavelengths stretched by the factor, short ones left, a ramp between.
    record Llama3(double factor, double lowFrequencyFactor, double highFrequencyFactor, double originalContextTokens)
            implements RopeScaling {}

    /// LongRoPE (arXiv 2402.13753): each frequency divided by a factor of its own, and a factor on cosine and sine.
    ///
    /// @param shortFactors (headDimension / 2) for contexts up to the original one
    /// @param longFactors (headDimension / 2) for longer ones
    record LongRope(
            List<Double> shortFactors, List<Double> longFactors, double originalContextTokens, double attentionFactor)
            implements RopeScaling {
        public LongRope {
            shortFactors = List.copyOf(shortFactors);
            longFactors = List.copyOf(longFactors);
            checkAttentionFactor("longrope", attentionFactor);
        }
    }

    /// The same, where the factors are tensors of the file (GGUF).
    record StoredLongRope(double originalContextTokens, double attentionFactor) implements RopeScaling {
        public StoredLongRope {
            checkAttentionFactor("longrope", attentionFactor);
        }
    }

    private static void checkAttentionFactor(String type, double attentionFactor) {
        if (!(attentionFactor > 0 && attentionFactor <= 100))
            throw ConfigSource.refusal("rope scaling '" + type + "' has attention_factor " + attentionFactor
                    + ", allowed is above 0, at most 100");
    }

    /// YaRN (arXiv 2309.00071): interpolation by a ramp over the dimensions, and a factor on cosine and sine.
    record Yarn(
            double factor,
            double originalContextTokens,
            double betaFast,
            double betaSlow,
            boolean truncate,
            double attentionFactor)
            implements RopeScaling {
        public Yarn {
            if (!(betaSlow > 0 && betaFast >= betaSlow && betaFast <= 1e6))
                throw ConfigSource.refusal("rope scaling 'yarn' has beta_fast " + betaFast + " and beta_slow "
                        + betaSlow + ", must be positive and the first not the smaller");
            checkAttentionFactor("yarn", attentionFactor);
        }

        /// The factor on cosine and sine where a file gives none.
        static double usualAttentionFactor(double factor, double scale) {
            return factor <= 1 ? 1 : 0.1 * scale * StrictMath.log(factor) + 1;
        }
    }
}
