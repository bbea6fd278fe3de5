package dev.redoubt.audit.report;

import dev.redoubt.audit.AuditReport;
import dev.redoubt.audit.AuditReport.Remark;
import dev.redoubt.audit.Finding;
import dev.redoubt.audit.source.Coverage.Skipped;
import dev.redoubt.audit.source.Span;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// Findings and coverage as one JSON object.
final class JsonReport {
    private static final int VERSION = 1;

    private JsonReport() {}

    static String write(AuditReport report) {
        ObjectNode top = new JsonMapper().createObjectNode();
        top.put("version", VERSION);
        ArrayNode findings = top.putArray("findings");
        for (Finding finding : report.findings()) finding(findings.addObject(), finding);
        ArrayNode remarks = top.putArray("allowances");
        for (Remark remark : report.remarks())
            remarks.addObject()
                    .put("path", remark.path())
                    .put("line", remark.line())
                    .put("message", remark.message());
        ObjectNode counts = top.putObject("left_out");
        counts.put("allowed", report.allowed()).put("baseline", report.known()).put("below_level", report.below());
        ObjectNode coverage = top.putObject("coverage");
        coverage.put("files", report.coverage().filesRead())
                .put("lines", report.coverage().lines());
        skipped(coverage.putArray("skipped"), report.coverage().skipped());
        skipped(coverage.putArray("unreadable"), report.coverage().unreadable());
        return top.toPrettyString() + "\n";
    }

    private static void finding(ObjectNode node, Finding finding) {
        Span span = finding.span();
        node.put("check", finding.check().id());
        node.put("requirement", finding.check().requirement().id());
        node.put("level", finding.level().word());
        node.put("path", finding.path());
        node.put("line", span.line()).put("column", span.column());
        node.put("end_line", span.endLine()).put("end_column", span.endColumn());
        node.put("message", finding.message());
        node.put("remedy", finding.check().remedy());
        ArrayNode references = node.putArray("references");
        finding.check().references().forEach(references::add);
        node.put("fingerprint", finding.fingerprint());
    }

    private static void skipped(ArrayNode into, List<Skipped> all) {
        for (Skipped one : all) into.addObject().put("path", one.path()).put("reason", one.reason());
    }
}
