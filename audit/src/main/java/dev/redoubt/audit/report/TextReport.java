package dev.redoubt.audit.report;

import dev.redoubt.audit.AuditReport;
import dev.redoubt.audit.AuditReport.Remark;
import dev.redoubt.audit.Finding;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.source.Coverage;
import dev.redoubt.audit.source.Coverage.Skipped;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// For people at a terminal: each finding with its line, then what was read.
final class TextReport {
    private static final String RESET = "\u001B[0m";
    private static final String BOLD = "\u001B[1m";
    private static final String DIM = "\u001B[2m";

    private final boolean colours;
    private final StringBuilder out = new StringBuilder();

    TextReport(boolean colours) {
        this.colours = colours;
    }

    String write(AuditReport report) {
        report.findings().forEach(this::finding);
        report.remarks().forEach(this::remark);
        for (Skipped one : report.coverage().unreadable())
            line(paint(colour(Level.ERROR), "unreadable") + " " + plain(one.path()) + ": " + one.reason());
        line(summary(report));
        line(coverage(report.coverage()));
        return out.toString();
    }

    private void finding(Finding finding) {
        String place = plain(finding.path()) + ":" + finding.span().line() + ":"
                + finding.span().column();
        line(paint(BOLD, place) + " "
                + paint(colour(finding.level()), finding.level().word()) + " "
                + finding.check().id() + ": " + plain(finding.message()));
        frame(finding);
        line(paint(DIM, "      = instead: " + finding.check().remedy()));
        line("");
    }

    /// The line, and what of it is meant.
    private void frame(Finding finding) {
        String text = plain(finding.line().replace('\t', ' '));
        String number = String.format("%5d", finding.span().line());
        line(paint(DIM, number + " │ ") + text);
        int from = Math.min(finding.span().column() - 1, text.length());
        int to = finding.span().endLine() == finding.span().line()
                ? finding.span().endColumn() - 1
                : text.length();
        int length = Math.max(1, Math.min(to, text.length()) - from);
        line(paint(DIM, "      │ ") + " ".repeat(from) + paint(colour(finding.level()), "^".repeat(length)));
    }

    private void remark(Remark remark) {
        line(paint(BOLD, plain(remark.path()) + ":" + remark.line()) + " " + paint(colour(Level.WARNING), "allowance")
                + " " + remark.message());
        line("");
    }

    private static String summary(AuditReport report) {
        Map<Level, Long> counts = report.findings().stream()
                .collect(Collectors.groupingBy(Finding::level, TreeMap::new, Collectors.counting()));
        String found = counts.isEmpty()
                ? "no findings"
                : counts.entrySet().stream()
                        .map(entry ->
                                entry.getValue() + " " + entry.getKey().word() + (entry.getValue() == 1 ? "" : "s"))
                        .collect(Collectors.joining(", "));
        StringBuilder line = new StringBuilder(found);
        if (report.below() > 0) line.append("; ").append(report.below()).append(" below the level (--level note)");
        if (report.known() > 0) line.append("; ").append(report.known()).append(" in the baseline");
        if (report.allowed() > 0) line.append("; ").append(report.allowed()).append(" allowed by comments");
        return line.toString();
    }

    static String coverage(Coverage coverage) {
        Map<String, Long> reasons = coverage.skipped().stream()
                .collect(Collectors.groupingBy(Skipped::reason, TreeMap::new, Collectors.counting()));
        String skipped = reasons.isEmpty()
                ? ""
                : "; skipped: "
                        + reasons.entrySet().stream()
                                .map(entry -> entry.getValue() + " " + entry.getKey())
                                .collect(Collectors.joining(", "));
        return "read " + Markup.count(coverage.filesRead(), "file") + ", " + Markup.count(coverage.lines(), "line")
                + skipped;
    }

    private void line(String text) {
        out.append(text).append('\n');
    }

    private String paint(String code, String text) {
        return colours ? code + text + RESET : text;
    }

    private static String colour(Level level) {
        return switch (level) {
            case ERROR -> "\u001B[31m";
            case WARNING -> "\u001B[33m";
            case NOTE -> "\u001B[36m";
        };
    }

    /// What files say must not steer the terminal.
    private static String plain(String text) {
        return text.codePoints()
                .map(c -> Character.isISOControl(c) || Character.getType(c) == Character.FORMAT ? '\uFFFD' : c)
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }
}
