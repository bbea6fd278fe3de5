package dev.redoubt.audit;

/// Text to write in the place of what stands in a file from `start` to `end`: offsets into its text.
public record Edit(int start, int end, String text) {}
