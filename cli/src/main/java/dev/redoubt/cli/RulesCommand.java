package dev.redoubt.cli;

import dev.redoubt.cli.evidence.EvidenceFolder;
import dev.redoubt.cli.evidence.Target;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// How each requirement stands.
@Command(
        name = "rules",
        description =
                "Show every requirement: whether it is enforced, the value in force, the test that proves it; and try it"
                        + " against a server that runs.")
final class RulesCommand implements Callable<Integer> {
    private static final int VALUE_WIDTH = 48;

    private final Context context;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description = "The configuration, such as redoubt.yaml. Default: what serve does without one.")
    private @Nullable Path file;

    @Option(names = "--json", description = "JSON: an array, or with --evidence and --verify the report.")
    private boolean json;

    @Option(
            names = "--evidence",
            description = "Try the requirements against the server of this home and write a signed report."
                    + " Exit code 1: not all of it passed.")
    private boolean evidence;

    @Option(
            names = "--url",
            paramLabel = "URL",
            description = "With --evidence: where the server listens. Default: as the configuration says.")
    private @Nullable String url;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            description = "With --evidence: the report. Default: a file in the folder evidence of the home.")
    private @Nullable Path out;

    @Option(names = "--verify", paramLabel = "REPORT", description = "Check the signature of a report and show it.")
    private @Nullable Path report;

    @Option(
            names = "--public-key",
            paramLabel = "FILE",
            description = "With --verify: of the home that signed. Default: that of this home.")
    private @Nullable Path publicKey;

    RulesCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        refuseWhatDoesNotGoTogether();
        RulesEvidence steps = new RulesEvidence(context, json);
        if (report != null)
            return steps.verify(report, publicKey == null ? EvidenceFolder.publicKey(context.home()) : publicKey)
                    .code();
        ServerConfig config = config();
        List<Rule> rules = RuleTable.of(config);
        if (evidence)
            return steps.gather(target(config), rules, Optional.ofNullable(out)).code();
        if (json)
            Json.print(
                    context.console().out(),
                    rules.stream().map(RulesCommand::json).toList());
        else print(rules);
        return ExitCode.OK.code();
    }

    private void refuseWhatDoesNotGoTogether() {
        boolean verify = report != null;
        if (evidence && verify
                || !evidence && (url != null || out != null)
                || !verify && publicKey != null
                || verify && file != null)
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--evidence goes with -f, --url and --out, --verify with --public-key: leave out what does not belong");
    }

    private Target target(ServerConfig config) throws IOException {
        EdgeOptions edge = config.edge();
        String host = List.of("0.0.0.0", "::").contains(edge.host()) ? "127.0.0.1" : edge.host();
        String name = host.contains(":") ? "[" + host + "]" : host;
        String given = url == null
                ? (edge.tls().isPresent() ? "https://" : "http://") + name + ":" + edge.port()
                : url.replaceFirst("/$", "");
        if (!given.matches("https?://[^/@?#\\s]+"))
            throw new CommandFailure(
                    ExitCode.USAGE, "--url is '" + given + "', allowed is http://HOST:PORT or https://HOST:PORT");
        Optional<Path> configuration = Optional.ofNullable(file).map(Path::toAbsolutePath);
        return new Target(context.home(), edge, deployed(config), configuration, URI.create(given));
    }

    /// As the server says; where its home has no socket to ask it by, as its configuration does.
    private List<String> deployed(ServerConfig config) throws IOException {
        if (Files.notExists(context.home().adminSocket()))
            return config.applications().stream().map(ApplicationSpec::name).toList();
        try {
            return new AdminClient(context)
                    .get("/admin/v1/applications")
                    .path("applications")
                    .valueStream()
                    .map(one -> one.path("name").asString(""))
                    .toList();
        } catch (CommandFailure noServer) { // which is found, and told, when it is looked at
            return List.of();
        }
    }

    /// What a server would be started with.
    private ServerConfig config() throws IOException {
        if (file != null) return ServerConfigReader.read(file, LocalDate.now(ZoneOffset.UTC));
        EngineOptions engine = EngineOptions.defaults(Runtime.getRuntime().availableProcessors());
        return ServerConfig.ofOptions(
                ModelOptions.DEFAULT_MODEL, List.of(), engine, new EdgeOptions("127.0.0.1", 8000));
    }

    private void print(List<Rule> rules) {
        Table table = new Table("RULE", "STATE", "VALUE", "TEST");
        for (Rule rule : rules) row(table, rule);
        table.print(context.console().out());
        context.console().out().println();
        context.console().out().println(summary(rules));
    }

    /// As many lines as its longest cell needs.
    private static void row(Table table, Rule rule) {
        List<String> state = Wrapped.lines(rule.state().word(), 24);
        List<String> value = Wrapped.lines(rule.requirement().title() + ": " + rule.value(), VALUE_WIDTH);
        int lines = Math.max(Math.max(state.size(), value.size()), rule.tests().size());
        for (int i = 0; i < lines; i++)
            table.row(i == 0 ? rule.requirement().id() : "", at(state, i), at(value, i), at(rule.tests(), i));
    }

    private static String at(List<String> lines, int index) {
        return index < lines.size() ? lines.get(index) : "";
    }

    /// One line.
    static String summary(List<Rule> rules) {
        List<String> parts = new ArrayList<>();
        parts.add(count(rules, state -> state instanceof Rule.Enforced) + " enforced");
        parts.add(count(rules, state -> state instanceof Rule.Waived) + " waived");
        parts.add(count(rules, state -> state instanceof Rule.NotApplicable) + " not applicable");
        parts.add(count(rules, state -> state instanceof Rule.NotBuilt) + " not yet built");
        return rules.size() + " requirements: " + String.join(", ", parts);
    }

    private static long count(List<Rule> rules, Predicate<Rule.State> which) {
        return rules.stream().map(Rule::state).filter(which).count();
    }

    /// The same for programs.
    static Map<String, Object> json(Rule rule) {
        Map<String, Object> one = Json.object(
                "id",
                rule.requirement().id(),
                "title",
                rule.requirement().title(),
                "state",
                rule.state().word(),
                "value",
                rule.value(),
                "test",
                String.join(", ", rule.tests()));
        switch (rule.state()) {
            case Rule.Waived(LocalDate until) -> one.put("until", until.toString());
            case Rule.NotApplicable(String because) -> one.put("because", because);
            case Rule.Enforced() -> {}
            case Rule.NotBuilt() -> {}
        }
        return one;
    }
}
