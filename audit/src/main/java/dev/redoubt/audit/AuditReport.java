package dev.redoubt.audit;

import dev.redoubt.audit.source.Coverage;
import java.util.List;

/// What an audit has found and read.
///
/// @param findings by path and line
/// @param remarks on comments that allow something
/// @param allowed how many findings such comments have allowed
/// @param known how many findings the baseline holds
/// @param below how many findings are below the level that was asked for
public record AuditReport(
        List<Finding> findings, List<Remark> remarks, int allowed, int known, int below, Coverage coverage) {
    /// A comment that allows something and should not be there as it is.
    public record Remark(String path, int line, String message) {}

    public boolean clean() {
        return findings.isEmpty() && remarks.isEmpty();
    }

    /// Whether all that was named could be read.
    public boolean whole() {
        return coverage.unreadable().isEmpty();
    }
}
