package dev.redoubt.audit.report;

import dev.redoubt.audit.Audit;
import dev.redoubt.audit.AuditReport;
import dev.redoubt.audit.AuditReport.Remark;
import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Finding;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.source.Coverage.Skipped;
import dev.redoubt.audit.source.Span;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// SARIF 2.1.0: one run, a rule for each check, results that point at their rule.
final class SarifReport {
    /* Paths are relative to the folder that was scanned from, under the base id that code hosts resolve. What could not be read is a
     * notification of the invocation, not a result: it says nothing about the project. */
    private static final String SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";
    private static final String ALLOWANCE = "redoubt/allowance";

    private SarifReport() {}

    static String write(AuditReport report) {
        ObjectNode top = new JsonMapper().createObjectNode();
        top.put("$schema", SCHEMA);
        top.put("version", "2.1.0");
        ObjectNode run = top.putArray("runs").addObject();
        List<CheckInfo> checks = Audit.checks();
        ObjectNode driver = run.putObject("tool").putObject("driver");
        driver.put("name", "redoubt audit");
        ArrayNode rules = driver.putArray("rules");
        List<String> ids = new ArrayList<>();
        for (CheckInfo check : checks) {
            ids.add(check.id());
            rule(rules.addObject(), check);
        }
        ids.add(ALLOWANCE);
        allowanceRule(rules.addObject());
        run.put("columnKind", "utf16CodeUnits");
        ArrayNode results = run.putArray("results");
        for (Finding finding : report.findings()) result(results.addObject(), finding, ids);
        for (Remark remark : report.remarks()) remark(results.addObject(), remark, ids.size() - 1);
        invocation(run.putArray("invocations").addObject(), report);
        return top.toPrettyString() + "\n";
    }

    private static void rule(ObjectNode node, CheckInfo check) {
        node.put("id", check.id());
        node.putObject("shortDescription").put("text", check.title());
        node.putObject("fullDescription").put("text", check.explanation());
        node.putObject("help").put("text", "Instead: " + check.remedy());
        node.putObject("defaultConfiguration").put("level", check.level().word());
        ObjectNode properties = node.putObject("properties");
        ArrayNode tags = properties.putArray("tags");
        tags.add("security");
        check.references().forEach(tags::add);
        properties.put("security-severity", severity(check.level()));
    }

    private static void allowanceRule(ObjectNode node) {
        node.put("id", ALLOWANCE);
        node.putObject("shortDescription").put("text", "a comment allows nothing, or gives no reason");
        node.putObject("defaultConfiguration").put("level", Level.WARNING.word());
    }

    /// On the scale of CVSS, which code hosts sort by.
    private static String severity(Level level) {
        return switch (level) {
            case ERROR -> "8.0";
            case WARNING -> "5.0";
            case NOTE -> "2.0";
        };
    }

    private static void result(ObjectNode node, Finding finding, List<String> ids) {
        node.put("ruleId", finding.check().id());
        node.put("ruleIndex", ids.indexOf(finding.check().id()));
        node.put("level", finding.level().word());
        node.putObject("message")
                .put("text", finding.message() + ". Instead: " + finding.check().remedy());
        Span span = finding.span();
        ObjectNode region = location(node, finding.path());
        region.put("startLine", span.line()).put("startColumn", span.column());
        region.put("endLine", span.endLine()).put("endColumn", span.endColumn());
        node.putObject("partialFingerprints").put("redoubt/v1", finding.fingerprint());
    }

    private static void remark(ObjectNode node, Remark remark, int index) {
        node.put("ruleId", ALLOWANCE);
        node.put("ruleIndex", index);
        node.put("level", Level.WARNING.word());
        node.putObject("message").put("text", remark.message());
        location(node, remark.path()).put("startLine", remark.line());
    }

    /// @return its region
    private static ObjectNode location(ObjectNode node, String path) {
        ObjectNode physical = node.putArray("locations").addObject().putObject("physicalLocation");
        ObjectNode artifact = physical.putObject("artifactLocation");
        artifact.put("uri", uri(path));
        if (!path.startsWith("/")) artifact.put("uriBaseId", "%SRCROOT%");
        return physical.putObject("region");
    }

    /// Percent-encoded where a URI needs it.
    private static String uri(String path) {
        StringBuilder uri = new StringBuilder(path.startsWith("/") ? "file://" : "");
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (b & 0xff);
            boolean plain = c < 128 && (Character.isLetterOrDigit(c) || "/._-~".indexOf(c) >= 0);
            uri.append(plain ? String.valueOf(c) : String.format("%%%02X", (int) c));
        }
        return uri.toString();
    }

    private static void invocation(ObjectNode node, AuditReport report) {
        node.put("executionSuccessful", report.whole());
        if (report.whole()) return;
        ArrayNode notifications = node.putArray("toolExecutionNotifications");
        for (Skipped one : report.coverage().unreadable()) {
            ObjectNode notification = notifications.addObject();
            notification.put("level", "error");
            notification.putObject("message").put("text", one.path() + ": " + one.reason());
        }
    }
}
