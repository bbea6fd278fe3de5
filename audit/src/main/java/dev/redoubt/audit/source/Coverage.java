package dev.redoubt.audit.source;

import java.util.List;

/// What was read of a project, and what was not.
///
/// @param filesRead how many files were read, whole
/// @param lines how many lines they have
/// @param skipped what was left out, each with its reason
/// @param unreadable what should have been read and could not be: it is an error, not a choice
public record Coverage(int filesRead, long lines, List<Skipped> skipped, List<Skipped> unreadable) {
    /// @param path of a file or a folder, as it is shown
    public record Skipped(String path, String reason) {}
}
