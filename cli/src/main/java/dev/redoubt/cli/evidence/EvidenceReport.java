package dev.redoubt.cli.evidence;

import dev.redoubt.base.Requirement;
import dev.redoubt.cli.evidence.Evidence.Gathered;
import dev.redoubt.cli.evidence.Probe.Finding;
import dev.redoubt.cli.evidence.Probe.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The report as JSON: what was looked at, on what, how the requirements stand, what was found.
public final class EvidenceReport {
    private EvidenceReport() {}

    /// @param rules the array that `redoubt rules --json` prints
    public static ObjectNode of(Target target, String version, Instant time, ArrayNode rules, Gathered gathered)
            throws IOException {
        ObjectNode report = JsonNodeFactory.instance.objectNode();
        report.put("time", time.toString());
        report.putObject("product")
                .put("version", version)
                .put("build_sha256", Digests.ofBuild())
                .put("java", Runtime.version().toString());
        ObjectNode server = report.putObject("server").put("url", target.url().toString());
        gathered.process().ifPresent(pid -> server.put("pid", pid));
        gathered.model().ifPresent(model -> server.put("model", model));
        ArrayNode applications = server.putArray("applications");
        target.deployed().forEach(applications::add);
        ObjectNode configuration = report.putObject("configuration");
        if (target.configuration().isPresent()) {
            Path file = target.configuration().get();
            configuration.put("file", file.toString()).put("sha256", Digests.of(Files.readAllBytes(file)));
        } else configuration.putNull("file").putNull("sha256");
        host(report.putObject("host"));
        report.set("rules", rules);
        ArrayNode probes = report.putArray("probes");
        for (Finding finding : gathered.findings()) probe(probes.addObject(), finding);
        ObjectNode summary = report.putObject("summary");
        for (Outcome outcome : Outcome.values()) summary.put(word(outcome), gathered.count(outcome));
        return report;
    }

    private static void host(ObjectNode host) throws IOException {
        host.put("system", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        host.put("architecture", System.getProperty("os.arch"));
        host.put("processors", Runtime.getRuntime().availableProcessors());
        for (String line : Files.readAllLines(Path.of("/proc/meminfo")))
            for (String name : List.of("MemTotal", "SwapTotal"))
                if (line.startsWith(name + ":"))
                    host.put(
                            name.equals("MemTotal") ? "memory" : "swap",
                            line.substring(name.length() + 1).strip());
    }

    private static void probe(ObjectNode json, Finding finding) {
        ArrayNode rules = json.putArray("rules");
        finding.probe().rules().stream().map(Requirement::id).forEach(rules::add);
        json.put("done", finding.probe().done())
                .put("expected", finding.probe().expected())
                .put("found", finding.seen().found())
                .put("outcome", word(finding.seen().outcome()))
                .put("milliseconds", finding.took().toNanos() / 1e6);
    }

    /// `passed`, `not_observed`, …
    public static String word(Outcome outcome) {
        return outcome.name().toLowerCase(Locale.ROOT);
    }
}
