package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.config.Section;
import dev.redoubt.base.config.SectionValues;
import dev.redoubt.base.config.Setting;
import dev.redoubt.base.config.SettingType;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.base.json.JsonLimits;
import dev.redoubt.gateway.GrpcCode;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Timeouts;
import dev.redoubt.testkit.GeneratedDoc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The reference pages are made from the code they describe.
final class DocsTest {
    private static final String SAMPLE = """
            http: {host: 127.0.0.1, port: 8000}
            model: {name: smollm2-135m-instruct, cpu: 2, memory: 2GiB, max-ongoing-requests: 100}
            """;

    /// As it stands there.
    @Test
    void theHandlerInTheReadmeCompiles(@TempDir Path folder) throws IOException {
        String readme = Files.readString(Path.of("..", "README.md"));
        int start = readme.indexOf("```java\npackage com.example;");
        String source = readme.substring(start + "```java\n".length(), readme.indexOf("\n```", start));
        Path file = Files.writeString(folder.resolve("Greeter.java"), source);
        assertThat(HandlerJar.of(folder, "greeter", List.of(file)).path()).exists();
    }

    @Test
    void errorsAreCurrent() throws IOException {
        StringBuilder page = new StringBuilder("""
                # Errors

                Made from `ErrorCode` and `ExitCode` (`./redoubt dev docs`).

                A reply carries `{"error": {"message", "type", "param", "code", "rule"}}`; `code` is stable, `param` names the field to blame, `rule`
                the requirement that refuses; a fault of ours has no rule but an `error_id` that stands in the log. What refuses is in the audit log with its rule. 429 and 503 carry `Retry-After`
                and `retry-after-ms`, exact for `rate_limit_exceeded`; generation and tokenizer routes carry OpenAI's `x-ratelimit-*`.

                Over gRPC the status is the one beside HTTP's, the message is its text, and the trailer `redoubt-code` is the code.

                | code | status | gRPC | who | rule | message |
                |---|---|---|---|---|---|
                """);
        for (ErrorCode code : ErrorCode.values())
            page.append("| `%s` | %d | %s | %s | %s | %s |\n"
                    .formatted(
                            code.wire(),
                            code.status(),
                            GrpcCode.of(code),
                            code.kind().name().toLowerCase(Locale.ROOT),
                            code.requirement().id(),
                            code.template().replace("%s", "…").replace("|", "\\|")));
        page.append("""

                ## Exit codes of `./redoubt`
                A refused start (78) prints every problem, one line each: `REFUSED rule=… found=… allowed="…" fix="…"`.

                | code | meaning |
                |---|---|
                """);
        Map<Integer, String> exits = new TreeMap<>();
        for (ExitCode exit : ExitCode.values())
            exits.put(exit.code(), exit.name().toLowerCase(Locale.ROOT).replace('_', ' '));
        exits.forEach((code, name) -> page.append("| %d | %s |\n".formatted(code, name)));
        GeneratedDoc.assertCurrent("ERRORS.md", page.toString());
    }

    @Test
    void settingsAreCurrent() throws IOException {
        StringBuilder page = new StringBuilder("""
                # Settings

                Made from the tables that read them (`./redoubt dev docs`).

                ## Environment
                | name | default | what |
                |---|---|---|
                | `REDOUBT_HOME` | `~/.redoubt` | state, keys, models, and in `artifacts` each jar (1 GiB at most) and ONNX file (2 GiB) of the last ten versions of each application, once; only the owner may read it |
                | `JAVA_HOME` | searched | a JDK 25 or later |
                | `HF_ENDPOINT`, `HF_TOKEN` | the public hub, none | where a Hugging Face source is fetched from, and with what token |
                | `REDOUBT_JAVA_OPTIONS` | none | options for the JVM |

                ## The configuration file
                `./redoubt serve -f redoubt.yaml`; `./redoubt check -f redoubt.yaml` says whether it would start. Without a file, `serve` takes
                options and the defaults below. YAML of plain data: unknown and duplicate keys, anchors, tags and secrets are refused, all problems
                at once with their lines, exit code 78. `_` may stand for `-` in a key. What it says of an application counts
                once: a start with the same file leaves what was deployed, scaled, rolled back or deleted since, and says so.

                ```yaml
                %s```
                """.formatted(SAMPLE));
        section(page, "", ServerFile.FILE);
        page.append("""

                ## What needs a waiver
                A value beyond these is refused unless a waiver of the rule counts: `waivers: [{rule: R1.3, reason: "...", expires: 2027-01-31}]`.
                Besides: `engine.prefix-cache: tenant` (V1.1), `http.tls.versions: ["1.2"]` (R1.2).

                | setting | at most | rule |
                |---|---|---|
                """);
        for (ServerFile.Bound<?> bound : ServerFile.BOUNDS)
            page.append("| `%s` | %s | %s |\n"
                    .formatted(bound.path(), shown(bound.most()), bound.rule().id()));
        HealthCheck health = HealthCheck.DEFAULT;
        page.append("""

                Of a deployment: `max-ongoing-requests` %d (R1.1), `timeouts.call` %s (R1.3); where it scales by itself `max-ongoing-requests` %d (R2.4),
                `target-ongoing-requests` %s, and at least %s for `upscale-delay`, %s for the delays down (R2.3).

                ## What is fixed
                A health check: `period` %s, `timeout` %s, `misses` %d at most (R1.5). The quotas of all applications: 0.8 of the machine together (R4.2).

                """.formatted(
                        DeploymentSpec.ONGOING_MAX,
                        shown(Timeouts.CALL_MAX),
                        Autoscaling.ONGOING_MAX,
                        Autoscaling.TARGET_ONGOING,
                        shown(Autoscaling.UPSCALE_DELAY),
                        shown(Autoscaling.DOWNSCALE_DELAY_MIN),
                        shown(health.period()),
                        shown(health.timeout()),
                        health.missesMax()));
        RequestLimits limits = RequestLimits.DEFAULT;
        page.append("""
                A request: `n` at most %d, `temperature` at most %s, %d strings in `stop` of %d code points, %d `stop_token_ids`, %d entries of
                `logit_bias`, %d `top_logprobs`. Its JSON: at most %d levels, %d tokens, %d characters in a field name.
                A key: %d reads a minute of `/v1/models`, `/openapi.json`, `/metrics` and paths that do not exist. An address (IPv4) or /64 (IPv6): %d
                failed authentications a minute.
                """.formatted(
                        limits.choicesMax(),
                        limits.temperatureMax(),
                        limits.stopStringsMax(),
                        limits.stopStringLengthMax(),
                        limits.stopTokenIdsMax(),
                        limits.logitBiasMax(),
                        limits.logprobsMax(),
                        JsonLimits.REQUEST.depthMax(),
                        JsonLimits.REQUEST.tokensMax(),
                        JsonLimits.REQUEST.nameLengthMax(),
                        RateLimits.DEFAULT.readsPerMinute(),
                        RateLimits.DEFAULT.failuresPerMinute()));
        GeneratedDoc.assertCurrent("SETTINGS.md", page.toString());
    }

    @Test
    void rulesAreCurrent(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("redoubt.yaml"), SAMPLE);
        List<Rule> rules = RuleTable.of(ServerConfigReader.read(file, LocalDate.EPOCH));
        StringBuilder page = new StringBuilder("""
                # Rules

                Made from `RuleTable` (`./redoubt dev docs`): how each requirement stands with the configuration that [SETTINGS.md](SETTINGS.md)
                begins with. `./redoubt rules -f redoubt.yaml` shows it for yours, `./redoubt rules --evidence` tries it against the server that runs
                ([security model](SECURITY-MODEL.md)). What is built in part counts as not yet built; the value then says what there is.

                %s.

                | id | requirement | state | value | tests |
                |---|---|---|---|---|
                """.formatted(RulesCommand.summary(rules)));
        for (Rule rule : rules)
            page.append("| %s | %s | %s | %s | %s |\n"
                    .formatted(
                            rule.requirement().id(),
                            rule.requirement().title(),
                            rule.state().word(),
                            rule.value(),
                            rule.tests().stream().map(test -> "`" + test + "`").collect(Collectors.joining(" "))));
        GeneratedDoc.assertCurrent("RULES.md", page.toString());
    }

    /// A table for the settings of a section, then one for each section below.
    private static void section(StringBuilder page, String path, Section section) {
        page.append("\n### %s\n".formatted(path.isEmpty() ? "Top level" : "`" + path + "`"));
        page.append("| setting | allowed | default | what |\n|---|---|---|---|\n");
        for (Setting<?> setting : section.settings()) {
            String allowed =
                    setting.type() instanceof Section ? "below" : setting.type().allowed();
            if (allowed.startsWith("a list of settings")) allowed = "a list, below";
            String fallback = setting.fallback()
                    .filter(value -> !(value instanceof SectionValues))
                    .map(DocsTest::shown)
                    .orElse(setting.required() ? "must be there" : "–");
            page.append("| `%s` | %s | %s | %s |\n".formatted(setting.key(), allowed, fallback, setting.about()));
        }
        for (Setting<?> setting : section.settings()) {
            String under = path.isEmpty() ? setting.key() : path + "." + setting.key();
            setting.type().section().ifPresent(below -> section(page, under, below));
        }
    }

    private static String shown(Object value) {
        if (value instanceof Duration duration) return SettingType.shown(duration);
        if (!(value instanceof List<?> list)) return value.toString();
        return list.isEmpty() ? "none" : list.toString().replace("\n", "\\n");
    }
}
