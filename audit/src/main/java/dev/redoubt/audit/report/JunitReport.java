package dev.redoubt.audit.report;

import static dev.redoubt.audit.report.Markup.escaped;

import dev.redoubt.audit.Audit;
import dev.redoubt.audit.AuditReport;
import dev.redoubt.audit.AuditReport.Remark;
import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Finding;
import dev.redoubt.audit.source.Coverage.Skipped;
import java.util.List;

/// JUnit's XML: a test for each check, and one each for allowances and for what could not be read.
final class JunitReport {
    private JunitReport() {}

    static String write(AuditReport report) {
        StringBuilder cases = new StringBuilder();
        int tests = 0;
        int failures = 0;
        for (CheckInfo check : Audit.checks()) {
            List<String> found = report.findings().stream()
                    .filter(finding -> finding.check().id().equals(check.id()))
                    .map(JunitReport::line)
                    .toList();
            tests++;
            if (!found.isEmpty()) failures++;
            test(cases, check.id(), Markup.count(found.size(), "finding") + ": " + check.title(), found);
        }
        List<String> remarks = report.remarks().stream().map(JunitReport::line).toList();
        List<String> unreadable =
                report.coverage().unreadable().stream().map(JunitReport::line).toList();
        test(cases, "allowances", Markup.count(remarks.size(), "allowance") + " to mend", remarks);
        test(cases, "coverage", Markup.count(unreadable.size(), "file") + " could not be read", unreadable);
        failures += (remarks.isEmpty() ? 0 : 1) + (unreadable.isEmpty() ? 0 : 1);
        return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuite name=\"redoubt audit\" tests=\"" + (tests + 2)
                + "\" failures=\"" + failures + "\">\n" + cases + "</testsuite>\n";
    }

    private static void test(StringBuilder out, String name, String message, List<String> found) {
        out.append("  <testcase classname=\"redoubt.audit\" name=\"")
                .append(escaped(name))
                .append("\"");
        if (found.isEmpty()) {
            out.append("/>\n");
            return;
        }
        out.append("><failure message=\"").append(escaped(message)).append("\">");
        out.append(escaped(String.join("\n", found))).append("</failure></testcase>\n");
    }

    private static String line(Finding finding) {
        return finding.path() + ":" + finding.span().line() + ": "
                + finding.level().word() + ": " + finding.message();
    }

    private static String line(Remark remark) {
        return remark.path() + ":" + remark.line() + ": " + remark.message();
    }

    private static String line(Skipped skipped) {
        return skipped.path() + ": " + skipped.reason();
    }
}
