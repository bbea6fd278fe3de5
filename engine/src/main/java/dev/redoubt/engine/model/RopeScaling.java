package dev.redoubt.engine.model;

/// How a model stretches its rotary embedding over longer texts than its base was made for. What is not listed
/// here is refused by name: `longrope` and the like depend on the length of a text, so the same token would be
/// computed differently in different requests.
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
            if (!(attentionFactor > 0 && attentionFactor <= 100))
                throw ConfigSource.refusal("rope scaling 'yarn' has attention_factor " + attentionFactor
                        + ", allowed is above 0, at most 100");
        }

        /// The factor on cosine and sine where a file gives none.
        static double usualAttentionFactor(double factor, double scale) {
            return factor <= 1 ? 1 : 0.1 * scale * StrictMath.log(factor) + 1;
        }
    }
}
