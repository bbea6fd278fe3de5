package dev.redoubt.audit.report;

import static dev.redoubt.audit.report.Markup.escaped;

import dev.redoubt.audit.Audit;
import dev.redoubt.audit.AuditReport;
import dev.redoubt.audit.AuditReport.Remark;
import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Finding;
import dev.redoubt.audit.source.Coverage.Skipped;
import dev.redoubt.base.Requirement;
import java.util.List;

/// The score sheet: how each requirement stands, then each finding, then what was not read, and room for a
/// signature. One file without scripts that loads nothing.
final class HtmlReport {
    private static final String STYLE = """
            body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}
            table{border-collapse:collapse;width:100%}td,th{border:1px solid #ccc;padding:.3rem .6rem;text-align:left;vertical-align:top}
            code{background:#f4f4f4;padding:0 .2rem}pre{background:#f4f4f4;padding:.5rem;overflow:auto}
            .error{color:#a40000}.warning{color:#8a5a00}.note{color:#00558a}.good{color:#1a6b1a}.none{color:#666}
            """;

    private HtmlReport() {}

    static String write(AuditReport report) {
        StringBuilder out = new StringBuilder(
                "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>redoubt audit</title><style>\n");
        out.append(STYLE).append("</style></head><body>\n<h1>redoubt audit</h1>\n<p>");
        out.append(escaped(TextReport.coverage(report.coverage()))).append("</p>\n");
        sheet(report, out);
        findings(report, out);
        coverage(report, out);
        out.append(
                "<h2>Signed off</h2>\n<table><tr><th>name</th><td></td></tr><tr><th>date</th><td></td></tr><tr><th>signature</th><td></td></tr></table>\n");
        return out.append("</body></html>\n").toString();
    }

    private static void sheet(AuditReport report, StringBuilder out) {
        List<CheckInfo> checks = Audit.checks();
        out.append(
                "<h2>Score sheet</h2>\n<table><tr><th>rule</th><th>demands</th><th>checks</th><th>found</th></tr>\n");
        for (Requirement requirement : Requirement.values()) {
            long count = checks.stream()
                    .filter(check -> check.requirement() == requirement)
                    .count();
            List<Finding> found = report.findings().stream()
                    .filter(finding -> finding.check().requirement() == requirement)
                    .toList();
            String kind = count == 0
                    ? "none"
                    : found.isEmpty()
                            ? "good"
                            : found.stream()
                                    .map(Finding::level)
                                    .min(Enum::compareTo)
                                    .orElseThrow()
                                    .word();
            String said = count == 0
                    ? "not checked: no file shows it"
                    : found.isEmpty() ? "nothing found" : Markup.count(found.size(), "finding");
            out.append("<tr><td>").append(requirement.id()).append("</td><td>").append(escaped(requirement.title()));
            out.append("</td><td>")
                    .append(count)
                    .append("</td><td class=\"")
                    .append(kind)
                    .append("\">")
                    .append(said)
                    .append("</td></tr>\n");
        }
        out.append("</table>\n");
    }

    private static void findings(AuditReport report, StringBuilder out) {
        out.append("<h2>Findings</h2>\n");
        for (Finding finding : report.findings()) {
            CheckInfo check = finding.check();
            out.append("<h3 class=\"")
                    .append(finding.level().word())
                    .append("\">")
                    .append(escaped(finding.path()))
                    .append(':')
                    .append(finding.span().line());
            out.append(" ")
                    .append(escaped(check.id()))
                    .append("</h3>\n<p>")
                    .append(escaped(finding.message()))
                    .append("</p>\n<pre>");
            out.append(escaped(finding.line().strip()))
                    .append("</pre>\n<p>")
                    .append(escaped(check.explanation()))
                    .append("</p>\n<p>Instead: ");
            out.append(escaped(check.remedy()))
                    .append("<br>")
                    .append(escaped(String.join(", ", check.references())))
                    .append("</p>\n");
        }
        for (Remark remark : report.remarks())
            out.append("<h3>")
                    .append(escaped(remark.path()))
                    .append(':')
                    .append(remark.line())
                    .append("</h3>\n<p>")
                    .append(escaped(remark.message()))
                    .append("</p>\n");
    }

    private static void coverage(AuditReport report, StringBuilder out) {
        out.append("<h2>Not read</h2>\n<ul>\n");
        for (List<Skipped> all :
                List.of(report.coverage().unreadable(), report.coverage().skipped()))
            for (Skipped one : all)
                out.append("<li><code>")
                        .append(escaped(one.path()))
                        .append("</code> ")
                        .append(escaped(one.reason()))
                        .append("</li>\n");
        out.append("</ul>\n");
    }
}
