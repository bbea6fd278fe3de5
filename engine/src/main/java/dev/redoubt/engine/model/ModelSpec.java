package dev.redoubt.engine.model;

/// The sizes of a model that the rest of the engine and the command line ask for.
///
/// @param architecture as the file names it, such as `llama` or `LlamaForCausalLM`
/// @param quantization the format that most weights have, such as `Q4_1`
/// @param contextTokensMax what it was trained for
/// @param parameters weights in all
/// @param weightBytes in memory
/// @param widestInput input features of the widest matrix product: what [dev.redoubt.kernels.Compute] must have
///     room for
public record ModelSpec(
        String architecture,
        String quantization,
        int layers,
        int hiddenSize,
        int queryHeads,
        int kvHeads,
        int headDimension,
        int vocabularySize,
        int contextTokensMax,
        long parameters,
        long weightBytes,
        int widestInput) {
    /// The same for texts of at most that many tokens.
    ModelSpec withContext(int tokens) {
        return new ModelSpec(
                architecture,
                quantization,
                layers,
                hiddenSize,
                queryHeads,
                kvHeads,
                headDimension,
                vocabularySize,
                tokens,
                parameters,
                weightBytes,
                widestInput);
    }
}
