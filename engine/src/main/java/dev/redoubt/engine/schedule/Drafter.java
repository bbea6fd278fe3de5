package dev.redoubt.engine.schedule;

/// Guesses the tokens that a sequence will generate next.
public interface Drafter {
    /// @param sequence whose tokens so far are all it may look at: what it says to one must not depend on another
    /// @param most tokens, 1 or more
    /// @param draft where they go, from index 0
    /// @return how many it guessed, 0 to `most`
    int draft(Sequence sequence, int most, int[] draft);
}
