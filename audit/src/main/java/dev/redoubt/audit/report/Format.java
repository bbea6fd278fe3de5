package dev.redoubt.audit.report;

import dev.redoubt.audit.AuditReport;

/// How findings are written down.
public enum Format {
    /// For a person at a terminal.
    TEXT,
    /// All that is known, for programs of one's own.
    JSON,
    /// SARIF 2.1.0, which code hosts and editors show.
    SARIF,
    /// Annotations of a GitHub Action.
    GITHUB,
    /// A test report: a rule that is broken is a test that failed.
    JUNIT,
    /// A score sheet that a reviewer signs, one file that needs nothing else.
    HTML;

    /// @param colours whether a terminal reads it
    public String write(AuditReport report, boolean colours) {
        return switch (this) {
            case TEXT -> new TextReport(colours).write(report);
            case JSON -> JsonReport.write(report);
            case SARIF -> SarifReport.write(report);
            case GITHUB -> GithubReport.write(report);
            case JUNIT -> JunitReport.write(report);
            case HTML -> HtmlReport.write(report);
        };
    }
}
