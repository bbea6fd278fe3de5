package dev.redoubt.cli;

import dev.redoubt.base.Requirement;
import dev.redoubt.cli.evidence.Evidence;
import dev.redoubt.cli.evidence.Evidence.Gathered;
import dev.redoubt.cli.evidence.EvidenceFolder;
import dev.redoubt.cli.evidence.EvidenceReport;
import dev.redoubt.cli.evidence.Probe;
import dev.redoubt.cli.evidence.Probe.Finding;
import dev.redoubt.cli.evidence.Probe.Outcome;
import dev.redoubt.cli.evidence.Probe.Seen;
import dev.redoubt.cli.evidence.Target;
import dev.redoubt.trust.ArtifactException;
import java.io.IOException;
import java.net.ConnectException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// `redoubt rules --evidence` and `--verify`.
final class RulesEvidence {
    private static final long REPORT_BYTES_MAX = 16 << 20;

    private final Context context;
    private final boolean json;

    /// @param json whether the report itself is what is printed
    RulesEvidence(Context context, boolean json) {
        this.context = context;
        this.json = json;
    }

    /// Tries everything and writes the signed report.
    ///
    /// @param out where to; empty: into the home
    ExitCode gather(Target target, List<Rule> rules, Optional<Path> out) throws IOException, InterruptedException {
        if (!Files.exists(target.home().database()))
            throw new CommandFailure(
                    ExitCode.NO_INPUT,
                    target.home().root() + " is the home of no server: set REDOUBT_HOME to that of " + target.url());
        Instant time = Instant.now();
        try (EvidenceFolder folder = EvidenceFolder.open(target.home())) {
            List<Probe> own = new ArrayList<>(List.of(stateFiles()));
            own.addAll(new PlanProbes(context, rules).all());
            Gathered gathered = Evidence.gather(target, own, folder.scratch(), this::tell);
            ArrayNode table = JsonMapper.shared()
                    .valueToTree(rules.stream().map(RulesCommand::json).toList());
            ObjectNode report = EvidenceReport.of(target, VersionCommand.version(), time, table, gathered);
            Path file = out.orElse(folder.report(time));
            folder.write(report.toPrettyString().getBytes(StandardCharsets.UTF_8), file);
            if (json) context.console().out().println(report);
            conclude(gathered, file);
            return passed(gathered) ? ExitCode.OK : ExitCode.FAILED;
        } catch (ConnectException e) {
            throw new CommandFailure(
                    ExitCode.UNAVAILABLE,
                    "no server answers at " + target.url() + ": start one with 'redoubt serve', or name it by --url");
        }
    }

    /// By the check that every start makes.
    private Probe stateFiles() {
        return new Probe(
                List.of(Requirement.V5_3),
                "read the modes of the files in the home that hold secrets",
                "nobody but their owner may read or write them",
                () -> {
                    try {
                        StateFiles.check(context.home());
                        return Seen.passed("their owner only");
                    } catch (Refusal refusal) {
                        return Seen.failed(String.join("; ", refusal.lines()));
                    }
                });
    }

    private void tell(Finding finding) {
        String line = line(finding);
        if (json) context.console().note(line);
        else context.console().out().println(line);
    }

    private static String line(Finding finding) {
        String rules = finding.probe().rules().stream().map(Requirement::id).collect(Collectors.joining(" "));
        return "%-14s %-10s %s: %s"
                .formatted(
                        EvidenceReport.word(finding.seen().outcome()).replace('_', ' '),
                        rules,
                        finding.probe().done(),
                        finding.seen().found());
    }

    private void conclude(Gathered gathered, Path file) {
        String counts = Arrays.stream(Outcome.values())
                .map(outcome -> gathered.count(outcome) + " "
                        + EvidenceReport.word(outcome).replace('_', ' '))
                .collect(Collectors.joining(", "));
        context.console().note(gathered.findings().size() + " probes: " + counts + "; report " + file);
        List<String> bad = new ArrayList<>();
        for (Finding finding : gathered.findings())
            if (!good(finding.seen().outcome()))
                bad.add(line(finding) + " (expected: " + finding.probe().expected() + ")");
        bad.forEach(context.console()::note);
    }

    private static boolean passed(Gathered gathered) {
        return gathered.findings().stream()
                .allMatch(finding -> good(finding.seen().outcome()));
    }

    /// What nobody has seen is not good.
    private static boolean good(Outcome outcome) {
        return switch (outcome) {
            case PASSED, NOT_APPLICABLE -> true;
            case FAILED, NOT_OBSERVED -> false;
        };
    }

    /// Checks a report's signature and shows what the report says.
    ///
    /// @param publicKey of whoever signed it
    ExitCode verify(Path file, Path publicKey) throws IOException {
        if (Files.size(file) > REPORT_BYTES_MAX)
            throw new CommandFailure(
                    ExitCode.FAILED, file + " has over " + REPORT_BYTES_MAX + " bytes: it is no report");
        byte[] report;
        try {
            report = EvidenceFolder.read(Files.readAllBytes(file), Files.readAllBytes(publicKey));
        } catch (ArtifactException e) {
            throw new CommandFailure(ExitCode.FAILED, file + " is not good: " + e.getMessage());
        }
        if (json) context.console().out().println(new String(report, StandardCharsets.UTF_8));
        else show(JsonMapper.shared().readTree(report));
        context.console().note(file + " is signed by the key of " + publicKey);
        return ExitCode.OK;
    }

    private void show(JsonNode report) {
        var out = context.console().out();
        out.println(report.path("time").asString("") + "  "
                + report.at("/server/url").asString("") + "  model "
                + report.at("/server/model").asString("none") + "  redoubt "
                + report.at("/product/version").asString(""));
        Table table = new Table("OUTCOME", "RULES", "DONE", "FOUND");
        for (JsonNode probe : report.path("probes")) {
            String rules =
                    probe.path("rules").valueStream().map(JsonNode::asString).collect(Collectors.joining(" "));
            table.row(
                    probe.path("outcome").asString("").replace('_', ' '),
                    rules,
                    probe.path("done").asString(""),
                    probe.path("found").asString(""));
        }
        table.print(out);
    }
}
