package dev.redoubt.base.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Requirement;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class SectionTest {
    private static final Setting<Integer> PORT = Setting.of("port", SettingType.integer(0, 65_535), 8000, "");
    private static final Setting<Long> BODY = Setting.of("body-bytes", SettingType.size(1, 1L << 40), 10L, "");
    private static final Setting<Duration> WAIT = Setting.of(
            "wait", SettingType.duration(Duration.ofMillis(1), Duration.ofHours(1)), Duration.ofSeconds(30), "");
    private static final Setting<Boolean> ON = Setting.of("on", SettingType.flag(), false, "");
    private static final Setting<Double> SHARE = Setting.of("share", SettingType.decimal(0.1, 0.9), 0.5, "");
    private static final Setting<LocalDate> DAY = Setting.optional("day", SettingType.date(), "");
    private static final Setting<Secret> KEY = Setting.optional("key", SettingType.secret(), "");
    private static final Setting<Path> FILE = Setting.optional("file", SettingType.path(), "");
    private static final Setting<String> NAME =
            Setting.required("name", SettingType.text("a-z", Pattern.compile("[a-z]+")), Requirement.R4_1, "");
    private static final Section INNER = new Section(List.of(NAME, WAIT));
    private static final Setting<SectionValues> IN = Setting.of("inner", INNER, INNER.absent(), "");
    private static final Setting<List<SectionValues>> MANY =
            Setting.of("many", SettingType.list(INNER, 2), List.of(), "");
    private static final Section TOP = new Section(List.of(PORT, BODY, WAIT, ON, SHARE, DAY, KEY, FILE, IN, MANY));

    @TempDir
    private Path folder;

    private static SectionValues good(String text) {
        return switch (TOP.readText(text)) {
            case Section.Outcome.Good(SectionValues values) -> values;
            case Section.Outcome.Bad(List<ConfigProblem> problems) -> throw new AssertionError(problems.toString());
        };
    }

    private static List<ConfigProblem> bad(String text) {
        return switch (TOP.readText(text)) {
            case Section.Outcome.Good good -> throw new AssertionError("read: " + text);
            case Section.Outcome.Bad(List<ConfigProblem> problems) -> problems;
        };
    }

    private static List<String> messages(String text) {
        return bad(text).stream().map(ConfigProblem::message).toList();
    }

    @Test
    void whatIsAbsentHasItsFallback() {
        SectionValues values = good("");
        assertThat(values.get(PORT)).isEqualTo(8000);
        assertThat(values.get(WAIT)).isEqualTo(Duration.ofSeconds(30));
        assertThat(values.find(DAY)).isEmpty();
        assertThat(values.get(MANY)).isEmpty();
        assertThat(good("# a comment alone\n").get(PORT)).isEqualTo(8000);
    }

    @Test
    void everyKindOfValueIsRead() {
        SectionValues values = good("""
                port: 0
                body_bytes: 10MB   # words may be joined by _ as well
                wait: 500ms
                on: true
                share: 0.85
                day: 2027-01-31
                key: file:/etc/key
                file: some/file
                inner: {name: abc}
                many:
                  - name: x
                  - {name: y, wait: 2m}
                """);
        assertThat(values.get(PORT)).isZero();
        assertThat(values.get(BODY)).isEqualTo(10_000_000);
        assertThat(values.get(WAIT)).isEqualTo(Duration.ofMillis(500));
        assertThat(values.get(ON)).isTrue();
        assertThat(values.get(SHARE)).isEqualTo(0.85);
        assertThat(values.find(DAY)).contains(LocalDate.of(2027, 1, 31));
        assertThat(values.find(KEY)).contains(new Secret.InFile(Path.of("/etc/key")));
        assertThat(values.find(FILE)).contains(Path.of("some/file"));
        assertThat(values.get(IN).get(NAME)).isEqualTo("abc");
        assertThat(values.get(MANY)).hasSize(2);
        assertThat(values.get(MANY).getLast().get(WAIT)).isEqualTo(Duration.ofMinutes(2));
        assertThat(values.line(SHARE)).isEqualTo(5);
        assertThat(values.get(MANY).getFirst().line(NAME)).isEqualTo(11);
    }

    @Test
    void everyProblemIsSaidAtOnceWithItsLine() {
        List<ConfigProblem> problems = bad("""
                prot: 1
                wait: 30
                port: 65536
                inner:
                  nmae: x
                port: 1
                """);
        assertThat(problems.stream().map(ConfigProblem::line)).containsExactly(1, 2, 3, 4, 5, 6);
        assertThat(problems.stream().map(ConfigProblem::message))
                .containsExactly(
                        "unknown setting 'prot', did you mean 'port'?",
                        "'wait' is 30, allowed is 1ms to 1h, such as 500ms, 30s or 5m",
                        "'port' is 65536, allowed is 0 to 65535",
                        "'inner.name' is missing: state it, allowed is a-z",
                        "unknown setting 'inner.nmae', did you mean 'inner.name'?",
                        "'port' is there twice, first in line 3");
        assertThat(problems.get(3).rule()).contains(Requirement.R4_1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            port: "8000"         | 'port' is the text "8000", allowed is 0 to 65535
            port: 80.0           | 'port' is 80.0, allowed is 0 to 65535
            port: 0x50           | 'port' is 0x50, allowed is 0 to 65535
            port:                | 'port' has no value, allowed is 0 to 65535
            port: [1]            | 'port' must be one value, allowed is 0 to 65535
            on: yes              | 'on' is yes, allowed is true or false
            share: NaN           | 'share' is NaN, allowed is 0.1 to 0.9
            share: .inf          | 'share' is .inf, allowed is 0.1 to 0.9
            body-bytes: 10XB     | 'body-bytes' is 10XB, allowed is 1 to 1099511627776 bytes, such as 10MB or 2GiB
            body-bytes: 999999999999999GiB | 'body-bytes' is 999999999999999GiB, allowed is 1 to 1099511627776 bytes, such as 10MB or 2GiB
            day: 2027-02-30      | 'day' is 2027-02-30, allowed is a date such as 2027-01-31
            many: {name: x}      | 'many' must be a list, each item on a line of its own after '- '
            inner: 3             | 'inner' must hold settings: name, wait
            nonsense: 3          | unknown setting 'nonsense', known are port, body-bytes, wait, on, share, day, key, file, inner, many
            """)
    void nothingIsCoerced(String text, String message) {
        assertThat(messages(text)).containsExactly(message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "port: &a 1",
                "wait: &a 1s\ninner: {name: x, wait: *a}",
                "port: !!java.net.URL [http://x]",
                "port: !ruby 1",
                "file: !!binary aGk=",
                "<<: {port: 1}",
                "port: 1\n---\nport: 2",
                "- 1",
                "just a text",
                "port: {",
                "? [a]\n: 1",
                "port: 1\n\tport: 2",
                "a: &a [*a]",
            })
    void whatYamlOffersBeyondPlainDataIsRefused(String text) {
        assertThat(bad(text)).isNotEmpty();
    }

    @Test
    void aListHasABound() {
        assertThat(messages("many: [{name: a}, {name: b}, {name: c}]"))
                .containsExactly("'many' has 3 items, limit is 2");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "key: hunter2hunter2",
                "file: rdt_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789",
                "inner: {name: hf_AbCdEfGhIjKlMnOpQrStUv}",
                "file: |\n  -----BEGIN EC PRIVATE KEY-----\n  MHcCAQEE\n",
            })
    void V4_4_aSecretInTheFileIsRefusedAndNotRepeated(String text) {
        List<ConfigProblem> problems = bad(text);
        assertThat(problems).anyMatch(problem -> problem.rule().equals(java.util.Optional.of(Requirement.V4_4)));
        assertThat(problems.toString()).doesNotContain("hunter2");
    }

    @Test
    void deepNestingEndsTheReadingNotTheProcess() {
        assertThat(bad("many: " + "[".repeat(5000) + "]".repeat(5000))).isNotEmpty();
        assertThat(bad("a: ".repeat(1) + "{a: ".repeat(200) + "1" + "}".repeat(200)))
                .isNotEmpty();
    }

    @Test
    void aFileIsUtf8AndBounded() throws IOException {
        Path latin = Files.write(folder.resolve("latin.yaml"), "file: b\u00e4".getBytes(StandardCharsets.ISO_8859_1));
        assertThat(TOP.readBytes(Section.bytes(latin)))
                .isEqualTo(new Section.Outcome.Bad(
                        List.of(new ConfigProblem(1, "the file is not UTF-8", java.util.Optional.empty()))));
        Path large = Files.write(folder.resolve("large.yaml"), new byte[ConfigTree.BYTES_MAX + 1]);
        for (Path file : List.of(large, Path.of("/dev/zero")))
            assertThat(TOP.readBytes(Section.bytes(file)).toString()).contains("limit is " + ConfigTree.BYTES_MAX);
    }

    @Test
    void everyRequirementHasAnIdThatFindsIt() {
        for (Requirement one : Requirement.values())
            assertThat(Requirement.find(one.id())).contains(one);
        assertThat(Requirement.find("R9.9")).isEmpty();
        assertThat(Requirement.R1_2.id()).isEqualTo("R1.2");
    }

    @Test
    void aRefusalNamesItsRequirementFirstOrInBracketsAfterTheNamesOfFiles() {
        assertThat(Requirement.named("R4.2: the quota (of V1.6) is full")).contains(Requirement.R4_2);
        assertThat(Requirement.named("the jar /a (V4.2)/h.jar is another (R1.6): deploy\nthat one"))
                .contains(Requirement.R1_6);
        for (String none : List.of("", "R4.2 is the quota", "of R1.6", "R9.9: what", "it is another (R9.9)"))
            assertThat(Requirement.named(none)).as(none).isEmpty();
    }
}
