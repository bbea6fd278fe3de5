package dev.redoubt.audit.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.audit.Audit;
import dev.redoubt.audit.AuditReport;
import dev.redoubt.audit.Level;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Every format, of a project whose names and texts try to be more than text.
class FormatTest {
    @TempDir
    private Path folder;

    private AuditReport report;

    @BeforeEach
    void audit() throws IOException, InterruptedException {
        Files.writeString(
                folder.resolve("a <b>&%,:é.py"),
                "from vllm import LLM\nllm = LLM(\"</pre><script>\u001B[31m\", trust_remote_code=True)  # redoubt: allow R1.2\n");
        report = new Audit(Level.NOTE, Set.of()).run(List.of(folder, folder.resolve("nowhere")));
        assertThat(report.findings()).isNotEmpty();
        assertThat(report.remarks()).isNotEmpty();
    }

    @Test
    void textShowsTheLineAndNothingThatSteersATerminal() {
        String text = Format.TEXT.write(report, false);
        assertThat(text)
                .contains("error V2.4/trust-remote-code", "^^^^", "instead: ", "unreadable", "read 1 file")
                .doesNotContain("\u001B");
        assertThat(Format.TEXT.write(report, true)).contains("\u001B[31merror\u001B[0m");
    }

    @Test
    void jsonHoldsEveryFindingAndTheCoverage() {
        JsonNode top = new JsonMapper().readTree(Format.JSON.write(report, false));
        assertThat(top.path("findings")).hasSize(report.findings().size());
        assertThat(top.at("/findings/0/fingerprint").asString()).hasSize(32);
        assertThat(top.at("/coverage/files").asInt()).isEqualTo(1);
        assertThat(top.at("/coverage/unreadable")).hasSize(1);
    }

    /// What the schema of SARIF 2.1.0 demands of what we write.
    @Test
    void sarifHasWhatTheSchemaDemands() {
        JsonNode top = new JsonMapper().readTree(Format.SARIF.write(report, false));
        assertThat(top.path("version").asString()).isEqualTo("2.1.0");
        JsonNode run = top.at("/runs/0");
        JsonNode rules = run.at("/tool/driver/rules");
        Set<String> ids = new HashSet<>();
        for (JsonNode rule : rules)
            assertThat(ids.add(rule.path("id").asString())).isTrue();
        assertThat(run.at("/tool/driver/name").asString()).isNotEmpty();
        assertThat(run.path("results"))
                .hasSize(report.findings().size() + report.remarks().size());
        for (JsonNode result : run.path("results")) {
            JsonNode rule = rules.get(result.path("ruleIndex").asInt());
            assertThat(rule.path("id").asString())
                    .isEqualTo(result.path("ruleId").asString());
            assertThat(result.path("level").asString()).isIn("error", "warning", "note");
            assertThat(result.at("/message/text").asString()).isNotEmpty();
            JsonNode place = result.at("/locations/0/physicalLocation");
            assertThat(place.at("/region/startLine").asInt()).isPositive();
            assertThat(place.at("/artifactLocation/uri").asString()).matches("[A-Za-z0-9%/._~:-]+");
        }
        assertThat(run.at("/invocations/0/executionSuccessful").asBoolean(true)).isFalse();
    }

    @Test
    void annotationsAreOneCommandEach() {
        assertThat(Format.GITHUB.write(report, false).lines().filter(line -> line.startsWith("::")))
                .hasSize(report.findings().size() + report.remarks().size() + 1)
                .allMatch(line -> line.matches("::(error|warning|notice) file=[^,:]+,line=\\d+,title=[^,:]+::.+"));
    }

    @Test
    void junitIsXmlWithATestForEachCheck() throws Exception {
        byte[] xml = Format.JUNIT.write(report, false).getBytes(StandardCharsets.UTF_8);
        var document = DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new ByteArrayInputStream(xml));
        assertThat(document.getElementsByTagName("testcase").getLength())
                .isEqualTo(Audit.checks().size() + 2);
        assertThat(document.getElementsByTagName("failure").getLength()).isPositive();
    }

    @Test
    void theScoreSheetNamesEveryRuleAndRunsNothing() {
        String html = Format.HTML.write(report, false);
        assertThat(html)
                .contains("<td>V6.3</td>", "<td>R1.2</td>", "&lt;/pre&gt;", "signature")
                .doesNotContain("<script", "http:", "https:", "</pre><s");
    }
}
