package dev.redoubt.audit.report;

import dev.redoubt.audit.AuditReport;

/// How findings are written down.
public enum Format {
    TEXT;

    /// @param colours whether a terminal reads it
    public String write(AuditReport report, boolean colours) {
        return switch (this) {
            case TEXT -> new TextReport(colours).write(report);
        };
    }
}
