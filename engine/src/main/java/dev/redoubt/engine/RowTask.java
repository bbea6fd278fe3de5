package dev.redoubt.engine;

/// What is wanted of one row of logits.
sealed interface RowTask {
    /// The next token of a sequence that has caught up.
    record NextToken(TokenPicker picker) implements RowTask {}

    /// How likely the prompt token after this row was.
    ///
    /// @param tokenId that token
    /// @param top how many alternatives
    record PromptLogprob(int tokenId, int top) implements RowTask {}
}
