package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Requirement;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What `redoubt rules` claims, against the sources of all tests.
final class RuleTableTest {
    private static final Pattern METHOD = Pattern.compile("@(?:Test|ParameterizedTest)\\b[\\s\\S]*?\\bvoid (\\w+)\\(");
    private static final Pattern IDS = Pattern.compile("((?:[RV]\\d+_\\d+_)+)[a-z]\\w*");

    @TempDir
    private Path folder;

    private Ran rules(String... more) {
        List<String> args = new ArrayList<>(List.of("rules"));
        args.addAll(List.of(more));
        return Ran.command(folder.resolve("home"), args.toArray(String[]::new));
    }

    private List<Rule> of(String text) throws IOException {
        Path file = Files.writeString(folder.resolve("redoubt.yaml"), text);
        return RuleTable.of(ServerConfigReader.read(file, LocalDate.now(ZoneOffset.UTC)));
    }

    private static final String MODEL = "model: {name: tiny, cpu: 2, memory: 1GiB, max-ongoing-requests: 50}\n";

    private static Rule find(List<Rule> rules, Requirement id) {
        return rules.stream()
                .filter(rule -> rule.requirement() == id)
                .findFirst()
                .orElseThrow();
    }

    @Test
    void everyTestThatIsNamedExists() throws IOException {
        Map<String, Set<String>> methods = methods();
        List<String> missing = new ArrayList<>();
        for (Rule rule : of(MODEL))
            for (String test : rule.tests()) {
                String[] parts = test.split("#");
                if (!methods.getOrDefault(parts[0], Set.of()).contains(parts[1])) missing.add(test);
            }
        assertThat(missing).as("tests that RuleTable names and no source has").isEmpty();
    }

    @Test
    void whatIsEnforcedHasATestOfItsNameAndWhatIsNotClaimsNone() throws IOException {
        List<String> problems = new ArrayList<>();
        for (Rule rule : of(MODEL)) {
            String prefix = rule.requirement().name() + "_";
            boolean claimed = rule.state() instanceof Rule.Enforced;
            if (claimed && rule.tests().isEmpty()) problems.add(prefix + ": enforced, and no test is named");
            if (!claimed && !rule.tests().isEmpty()) problems.add(prefix + ": not enforced, and tests are named");
            for (String test : rule.tests())
                if (!test.contains("#" + prefix)) problems.add(test + " is not named after " + prefix);
        }
        assertThat(problems).isEmpty();
    }

    @Test
    void noTestIsNamedAfterWhatIsNoRequirement() throws IOException {
        Set<String> known = new TreeSet<>();
        for (Requirement one : Requirement.values()) known.add(one.name());
        List<String> problems = new ArrayList<>();
        methods().forEach((type, names) -> {
            for (String name : names) {
                if (!name.matches("[RV]\\d.*")) continue;
                Matcher ids = IDS.matcher(name);
                if (!ids.matches()) problems.add(type + "#" + name + ": its name must go on with a small letter");
                else
                    for (String id : ids.group(1).split("_(?=[RV]|$)"))
                        if (!known.contains(id)) problems.add(type + "#" + name + ": there is no " + id);
            }
        });
        assertThat(problems).isEmpty();
    }

    /// Simple class name to its test methods, over the tests of all modules.
    private static Map<String, Set<String>> methods() throws IOException {
        Map<String, Set<String>> found = new TreeMap<>();
        try (Stream<Path> modules = Files.list(Path.of(".."))) {
            for (Path module : modules.toList()) {
                Path tests = module.resolve("src/test/java");
                if (!Files.isDirectory(tests)) continue;
                try (Stream<Path> files = Files.walk(tests)) {
                    for (Path file : files.filter(one -> one.toString().endsWith(".java"))
                            .toList()) {
                        Matcher matcher = METHOD.matcher(Files.readString(file));
                        Set<String> names = found.computeIfAbsent(
                                String.valueOf(file.getFileName()).replace(".java", ""), none -> new TreeSet<>());
                        while (matcher.find()) names.add(matcher.group(1));
                    }
                }
            }
        }
        assertThat(found).hasSizeGreaterThan(100);
        return found;
    }

    @Test
    void aWaiverIsShownWithItsLastDay() throws IOException {
        LocalDate day = LocalDate.now(ZoneOffset.UTC).plusDays(3);
        List<Rule> rules = of(MODEL + "limits: {request-timeout: 31s}\nwaivers: [{rule: R1.3, reason: a test, expires: "
                + day + "}]\n");
        Rule deadline = find(rules, Requirement.R1_3);
        assertThat(deadline.state()).isEqualTo(new Rule.Waived(day));
        assertThat(deadline.value()).isEqualTo("31s (rule: at most 30s)");
        assertThat(rules.stream().filter(rule -> rule.state() instanceof Rule.Waived))
                .hasSize(1);
    }

    @Test
    void valuesAreThoseOfTheConfiguration() throws IOException {
        List<Rule> rules = of(MODEL + "limits: {max-tokens: 99, requests-per-minute: 7}\n"
                + "engine: {prefix-cache: off}\napplications: [{name: shop}, {name: bank}]\n");
        assertThat(find(rules, Requirement.R1_1).value())
                .isEqualTo(
                        "cpu 2, memory 1,073,741,824 bytes, 50 (rule: at most 100) requests in progress, 1,000 of the whole server");
        assertThat(find(rules, Requirement.V3_3).value()).isEqualTo("99, at most 99 (rule: at most 2,048)");
        assertThat(find(rules, Requirement.V3_4).value())
                .startsWith("7 (rule: at most 60) requests and 245,760 tokens");
        assertThat(find(rules, Requirement.R4_3).value()).isEqualTo("keys of bank, shop");
        assertThat(find(rules, Requirement.V1_1).state())
                .isEqualTo(new Rule.NotApplicable("engine.prefix-cache is off"));
    }

    @Test
    void jsonHasEveryRequirementOnce() {
        Ran ran = rules("--json");
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        assertThat(ran.err()).isEmpty();
        JsonNode all = JsonMapper.shared().readTree(ran.out());
        assertThat(all.valueStream().map(one -> one.get("id").asString()))
                .containsExactly(
                        Stream.of(Requirement.values()).map(Requirement::id).toArray(String[]::new));
        for (JsonNode one : all) {
            assertThat(one.propertyNames()).contains("id", "title", "state", "value", "test");
            assertThat(one.get("test").asString().isEmpty())
                    .isEqualTo(one.get("state").asString().equals("not yet built"));
        }
    }

    @Test
    void theTableEndsByASummary() throws IOException {
        Ran ran = rules();
        assertThat(ran.exitCode()).as(ran.err()).isZero();
        List<String> lines = ran.out().lines().toList();
        assertThat(lines.getFirst()).matches("RULE  STATE +VALUE +TEST");
        assertThat(lines.getLast())
                .matches(Requirement.values().length
                        + " requirements: \\d+ enforced, 0 waived, 0 not applicable, \\d+ not yet built");
        assertThat(lines).anyMatch(line -> line.startsWith("R1.3  enforced ") && line.contains("CallersTest#R1_3_"));
        assertThat(lines).allMatch(line -> line.length() < 200);
    }

    @Test
    void aFileThatBreaksARuleIsRefused() throws IOException {
        Path file = Files.writeString(folder.resolve("redoubt.yaml"), MODEL + "limits: {request-timeout: 31s}\n");
        Ran ran = rules("-f", file.toString());
        assertThat(ran.exitCode()).isEqualTo(78);
        assertThat(ran.err()).startsWith("REFUSED rule=R1.3");
        assertThat(ran.out()).isEmpty();
    }
}
