package dev.redoubt.engine.model;

/// A mixture of experts in the place of a gated net.
///
/// @param perToken how many of them compute a token
/// @param size features inside each
/// @param normalised whether a token's weights add up to 1
/// @param names what files call the tensors
record ExpertPlan(int experts, int perToken, int size, boolean normalised, Names names) {
    enum Names {
        MIXTRAL(
                TensorRole.MIXTRAL_ROUTER,
                TensorRole.MIXTRAL_EXPERT_GATE,
                TensorRole.MIXTRAL_EXPERT_UP,
                TensorRole.MIXTRAL_EXPERT_DOWN),
        QWEN(TensorRole.ROUTER, TensorRole.EXPERT_GATE, TensorRole.EXPERT_UP, TensorRole.EXPERT_DOWN);

        final TensorRole router;
        final TensorRole gate;
        final TensorRole up;
        final TensorRole down;

        Names(TensorRole router, TensorRole gate, TensorRole up, TensorRole down) {
            this.router = router;
            this.gate = gate;
            this.up = up;
            this.down = down;
        }
    }

    /// @param size features inside each
    /// @throws dev.redoubt.trust.ArtifactException if a number is missing, out of range or contradicts another
    static ExpertPlan read(ConfigSource source, int size, boolean normalised, Names names) {
        int experts = ModelConfig.integer(source, ConfigKey.EXPERTS, 0, ModelConfig.EXPERTS_MAX);
        int perToken = ModelConfig.integer(source, ConfigKey.EXPERTS_PER_TOKEN, 0, experts);
        return new ExpertPlan(experts, perToken, size, normalised, names);
    }
}
