package dev.redoubt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `redoubt check -f` says of applications what a deploy would, with real jars and without a server.
@SuppressWarnings("NullAway.Init")
final class ApplicationCheckTest {
    @TempDir
    private Path folder;

    private HandlerJar jar;

    @BeforeEach
    void compile() throws IOException {
        Path sources = Files.createDirectories(folder.resolve("src"));
        Path front = Files.writeString(sources.resolve("Front.java"), """
                package team;
                import dev.redoubt.serve.*;
                public final class Front implements Handler<Front.Ask, Front.Answer> {
                    public record Ask(String name) {}
                    public record Answer(String text) {}
                    private final DeploymentHandle<Ask, Answer> back;
                    public Front(@To("Back") DeploymentHandle<Ask, Answer> back) { this.back = back; }
                    @Override public Answer handle(Ask ask) { return back.call(ask).get(); }
                }
                """);
        Path back = Files.writeString(sources.resolve("Back.java"), """
                package team;
                import dev.redoubt.serve.*;
                public final class Back implements Handler<Back.Ask, Back.Answer> {
                    public record Ask(String name) {}
                    public record Answer(String text) {}
                    @Override public Answer handle(Ask ask) { return new Answer(ask.name()); }
                }
                """);
        Path other = Files.writeString(sources.resolve("Other.java"), """
                package team;
                import dev.redoubt.serve.*;
                public final class Other implements Handler<Other.Ask, Other.Answer> {
                    public record Ask(int name) {}
                    public record Answer(String text) {}
                    @Override public Answer handle(Ask ask) { return new Answer("x"); }
                }
                """);
        jar = HandlerJar.of(folder, "handlers", List.of(front, back, other));
    }

    /// @param back class of the second stage
    /// @param more settings of the application
    /// @param each settings of each deployment
    private Ran check(String back, String more, String each) throws IOException {
        Path file = Files.writeString(folder.resolve("shop.yaml"), """
                applications:
                  - name: shop
                    ingress: Front
                    %5$s
                    deployments:
                      - {name: Front, java: {class: team.Front, jar: %1$s, digest: "%2$s"}, %4$s}
                      - {name: Back, java: {class: team.%3$s, jar: %1$s, digest: "%2$s"}, %4$s}
                """.formatted(
                jar.path(), jar.digest(), back, "cpu: 0.1, memory: 128MiB, max-ongoing-requests: 4" + each, more));
        return Ran.command(folder.resolve("home"), "check", "-f", file.toString());
    }

    private static void refused(Ran ran, String... parts) {
        assertThat(ran.exitCode()).as(ran.out() + ran.err()).isEqualTo(ExitCode.REFUSED.code());
        assertThat(ran.err()).contains(parts);
    }

    @Test
    void R5_2_aPlainApplicationOfTwoStagesIsGoodAndNothingIsLeftBehind() throws IOException {
        Ran good = check("Back", "", "");
        assertThat(good.exitCode()).as(good.out() + good.err()).isZero();
        assertThat(good.out()).contains("is good: applications shop");
        assertThat(folder.resolve("home")).doesNotExist();
    }

    @Test
    void R4_3_whatNobodyCouldCallIsSaidWithTheCommandThatMakesAKey() throws IOException {
        String create = "redoubt keys create --application shop --scopes inference";
        assertThat(check("Back", "", "").out().lines())
                .contains(
                        "note   a start is refused while no key is good here (R4.3): " + create,
                        "note   no key opens application shop: " + create);
        key("shop", "metrics");
        assertThat(check("Back", "", "").out().lines().filter(line -> line.startsWith("note")))
                .containsExactly("note   no key opens application shop: " + create);
        key("shop", "inference");
        assertThat(check("Back", "", "").out()).doesNotContain("note");
    }

    @Test
    void aDrainThatEndsCallsWithinTheirLimitIsSaid() throws IOException {
        assertThat(check("Back", "", "").out()).doesNotContain("drain");
        assertThat(check("Back", "", ", timeouts: {call: 10s, drain: 10s}").out())
                .doesNotContain("drain");
        assertThat(check("Back", "", ", timeouts: {call: 10s, drain: 2s}").out())
                .contains(
                        "note   application shop: deployment 'Front' ends calls after a drain of 2s that may take 10s");
    }

    private void key(String application, String scope) {
        assertThat(Ran.command(
                                folder.resolve("home"),
                                "keys",
                                "create",
                                "--application",
                                application,
                                "--scopes",
                                scope)
                        .exitCode())
                .isZero();
    }

    @Test
    void whatADeployWouldRefuseIsRefused() throws IOException {
        refused(check("Other", "", ""), "application shop", "'Front' calls 'Back'", "do not meet", "name");
        refused(check("Back", "", ", timeouts: {call: 16s}"), "Front -> Back", "32.0 s", "30.0 s");
        refused(check("Back", "quota: {cpu: 4000}", ""), "R4.2");
        refused(check("Back", "", ", replicas: 90"), "R2.2");
        refused(check("Nobody", "", ""), "deployment 'Back'", "team.Nobody");
    }
}
