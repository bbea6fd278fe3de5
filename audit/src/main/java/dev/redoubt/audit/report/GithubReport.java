package dev.redoubt.audit.report;

import dev.redoubt.audit.AuditReport;
import dev.redoubt.audit.AuditReport.Remark;
import dev.redoubt.audit.Finding;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.source.Coverage.Skipped;

/// Workflow commands that a GitHub Action turns into annotations, and the coverage as a plain line.
final class GithubReport {
    private GithubReport() {}

    static String write(AuditReport report) {
        StringBuilder out = new StringBuilder();
        for (Finding finding : report.findings())
            line(
                    out,
                    finding.level(),
                    finding.path(),
                    finding.span().line(),
                    finding.check().id(),
                    finding.message() + ". Instead: " + finding.check().remedy());
        for (Remark remark : report.remarks())
            line(out, Level.WARNING, remark.path(), remark.line(), "allowance", remark.message());
        for (Skipped one : report.coverage().unreadable())
            line(out, Level.ERROR, one.path(), 1, "unreadable", one.reason());
        return out.append(TextReport.coverage(report.coverage())).append('\n').toString();
    }

    private static void line(StringBuilder out, Level level, String path, int line, String title, String message) {
        out.append("::")
                .append(level == Level.NOTE ? "notice" : level.word())
                .append(" file=")
                .append(property(path))
                .append(",line=")
                .append(line)
                .append(",title=")
                .append(property(title))
                .append("::")
                .append(data(message))
                .append('\n');
    }

    /// As the runner decodes it: nothing that a file says begins another command.
    private static String data(String text) {
        return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A");
    }

    private static String property(String text) {
        return data(text).replace(":", "%3A").replace(",", "%2C");
    }
}
