package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.Home;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.control.PlatformStatus.DeploymentStatus;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Scale;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The platform with real threads and a real database.
final class PlatformTest {
    @TempDir
    private Path home;

    private TestPlatform test;

    @BeforeEach
    void open() {
        test = new TestPlatform(home);
    }

    @AfterEach
    void close() {
        test.close();
        assertThat(test.runtime.closed).hasValue(test.runtime.started.get());
    }

    @Test
    void aDeployedApplicationAnswers() throws Exception {
        ApplicationStatus status = test.deployed(Specs.application("shop", Specs.deployment("Front", 2)));
        assertThat(status.state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(status.version()).isEqualTo(1);
        DeploymentStatus front = status.find("Front").orElseThrow();
        assertThat(front.state()).isEqualTo(DeploymentState.HEALTHY);
        assertThat(front.trigger()).isEqualTo(Trigger.CONFIG_UPDATE_COMPLETED);
        assertThat(front.running()).isEqualTo(2);
        assertThat(test.call("shop")).isEqualTo("1");
        assertThat(test.platform.ingress("other")).isEmpty();
    }

    @Test
    void aDeploymentCallsAnotherOne() throws Exception {
        test.deployed(Specs.application(
                "shop", Specs.deployment("Front", 1, "calls", "Back"), Specs.deployment("Back", 1, "version", "2")));
        assertThat(test.call("shop")).isEqualTo("12");
    }

    @Test
    void manyDeploysInARowThatDoNotStartLeaveTheOneThatRuns() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 1)));
        test.until("proven", () -> test.changes.contains("PROVEN shop 1"));
        for (int i = 2; i <= 14; i++) {
            var bad = Specs.application("shop", Specs.deployment("Front", 1, "fault", "start", "version", "v" + i));
            assertThat(test.platform.deploy(bad)).isEqualTo(new Outcome.Accepted(i));
        }
        test.until("went back", () -> test.changes.contains("ROLLED_BACK_BY_ITSELF shop 1"));
        assertThat(test.call("shop")).isEqualTo("1");
    }

    @Test
    void theSameDeployAgainChangesNothing() throws Exception {
        ApplicationSpec spec = Specs.application("shop", Specs.deployment("Front", 1));
        test.deployed(spec);
        test.until("proven", () -> test.changes.contains("PROVEN shop 1"));
        assertThat(test.platform.plan(spec).changes()).isEmpty();
        assertThat(test.deployed(spec).version()).isEqualTo(1);
        assertThat(test.runtime.started).hasValue(1);
    }

    @Test
    void V4_1_aVersionStaysWhatItsNamesStoodForWhenItWasDeployed() throws Exception {
        ApplicationSpec spec = Specs.application("shop", Specs.deployment("Front", 1, "named", "yes"));
        test.deployed(spec);
        test.until("proven", () -> test.changes.contains("PROVEN shop 1"));
        test.runtime.named = "2";
        assertThat(test.platform.plan(spec).changes())
                .contains("deployment 'Front' gets new replicas, started before the old ones are drained:"
                        + " version 2 instead of 1");
        refused(test.platform.scale("shop", "Front", 2));
        assertThat(test.call("shop")).isEqualTo("1");
        test.runtime.living.values().forEach(one -> one.lost = true);
        test.until(
                "what takes its place says why it does not start",
                () -> test.platform.status().toString().contains("it is 2, wanted is 1"));

        assertThat(test.deployed(spec).version()).isEqualTo(2);
        assertThat(test.call("shop")).isEqualTo("2");
        test.until("proven", () -> test.changes.contains("PROVEN shop 2"));
        refused(test.platform.rollback("shop"));
        test.runtime.named = "1";
        assertThat(test.platform.rollback("shop")).isEqualTo(new Outcome.Accepted(1));
        test.until("as before", () -> test.runtime.living.values().stream().allMatch(one -> one.version.equals("1")));
    }

    private static void refused(Outcome outcome) {
        assertThat(outcome).isEqualTo(new Outcome.Refused(List.of("deployment 'Front': it is 2, wanted is 1")));
    }

    @Test
    void V4_1_aVersionWithNamesAloneIsPinnedWhenItIsTakenUp() throws Exception {
        ApplicationSpec spec = Specs.application("shop", Specs.deployment("Front", 1, "named", "yes"));
        test.close();
        try (GoalStore before = GoalStore.open(new Home(home), TimeSource.system())) {
            before.deploy(spec);
        }
        test = new TestPlatform(home);
        assertThat(test.settled("shop").version()).isEqualTo(1);
        test.runtime.named = "2";
        assertThat(test.platform.plan(spec).changes()).anyMatch(line -> line.endsWith("version 2 instead of 1"));
        assertThat(test.call("shop")).isEqualTo("1");
    }

    @Test
    void anUpdateThatDoesNotStartGoesBackByItself() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 2)));
        ApplicationStatus status = test.deployed(
                Specs.application("shop", Specs.deployment("Front", 2, "version", "2", "fault", "start")));
        assertThat(status.state()).isEqualTo(ApplicationState.DEPLOY_FAILED);
        assertThat(status.reason()).contains("it does not like to start");
        assertThat(status.find("Front").orElseThrow().trigger()).isEqualTo(Trigger.REPLICA_STARTUP_FAILED);
        test.until("rolled back", () -> test.changes.contains("ROLLED_BACK_BY_ITSELF shop 1"));
        assertThat(test.call("shop")).isEqualTo("1");
        assertThat(test.runtime.started).hasValue(2);
        assertThat(test.platform.history("shop").getFirst().verdict()).isEqualTo("FAILED");
        // the failure stays in sight, and the next good deploy ends it, if only of what runs
        assertThat(test.settled("shop").state()).isEqualTo(ApplicationState.DEPLOY_FAILED);
        test.deployed(Specs.application("shop", Specs.deployment("Front", 2)));
        test.until("runs", () -> state("shop") == ApplicationState.RUNNING);
        assertThat(test.runtime.started).hasValue(2);
        test.deployed(Specs.application("shop", Specs.deployment("Front", 2, "version", "3")));
        test.until("runs", () -> state("shop") == ApplicationState.RUNNING);
        assertThat(test.call("shop")).isEqualTo("3");
    }

    @Test
    void anUpdateThatGetsSickGoesBackByItself() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 4), Specs.deployment("Back", 1)));
        ApplicationStatus status = test.deployed(Specs.application(
                "shop",
                Specs.deployment("Front", 4, "version", "2", "fault", "health"),
                Specs.deployment("Back", 1, "startMillis", "3000"))); // the update takes until then
        assertThat(status.state()).isEqualTo(ApplicationState.DEPLOY_FAILED);
        assertThat(status.find("Front").orElseThrow().trigger()).isEqualTo(Trigger.HEALTH_CHECK_FAILED);
        test.until("rolled back", () -> test.changes.contains("ROLLED_BACK_BY_ITSELF shop 1"));
        test.until( // four old and one new are five as well
                "as before",
                () -> test.runtime.living.size() == 5
                        && test.runtime.living.values().stream().noneMatch(one -> one.version.equals("2")));
        for (int i = 0; i < 20; i++) assertThat(test.call("shop")).isEqualTo("1");
    }

    @Test
    void aFirstDeployThatFailsIsGivenUpAndSaysWhy() throws Exception {
        ApplicationStatus status =
                test.deployed(Specs.application("shop", Specs.deployment("Front", 1, "fault", "start")));
        assertThat(status.state()).isEqualTo(ApplicationState.DEPLOY_FAILED);
        test.until("given up", () -> test.changes.contains("GIVEN_UP shop 1"));
        test.until("refuses", () -> test.start("shop").isCompletedExceptionally());
        assertThatThrownBy(() -> test.call("shop"))
                .isInstanceOf(ExecutionException.class)
                .cause()
                .isInstanceOf(ServeException.class)
                .hasMessageContaining("no replica that works");
        test.deployed(Specs.application("shop", Specs.deployment("Front", 1, "version", "2")));
        assertThat(test.call("shop")).isEqualTo("2");
    }

    @Test
    void aUserConfigurationReachesReplicasWithoutARestart() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", new Scale.Fixed(3), "{\"level\": 1}")));
        test.deployed(Specs.application("shop", Specs.deployment("Front", new Scale.Fixed(3), "{\"level\": 2}")));
        assertThat(test.runtime.started).hasValue(3);
        assertThat(test.runtime.living.values())
                .allMatch(servant -> servant.config.get("level").intValue() == 2);
    }

    @Test
    void aRefusedUserConfigurationGoesBack() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", new Scale.Fixed(3), "{\"level\": 1}")));
        ApplicationStatus status = test.deployed(
                Specs.application("shop", Specs.deployment("Front", new Scale.Fixed(3), "{\"level\": 2, \"bad\": 1}")));
        assertThat(status.state()).isEqualTo(ApplicationState.DEPLOY_FAILED);
        assertThat(status.reason()).contains("user-config is refused: bad configuration");
        assertThat(status.find("Front").orElseThrow().trigger()).isEqualTo(Trigger.USER_CONFIG_REFUSED);
        test.until("rolled back", () -> test.changes.contains("ROLLED_BACK_BY_ITSELF shop 1"));
        assertThat(test.runtime.living.values())
                .hasSize(3)
                .allMatch(servant -> servant.config.get("level").intValue() == 1);
    }

    @Test
    void scalingByHandStartsAndDrains() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 1)));
        assertThat(test.platform.scale("shop", "Front", 4)).isInstanceOf(Outcome.Accepted.class);
        test.until("four", () -> front("shop").running() == 4 && state("shop") == ApplicationState.RUNNING);
        assertThat(front("shop").trigger()).isEqualTo(Trigger.UPSCALE_COMPLETED);
        assertThat(test.platform.scale("shop", "Front", 2)).isInstanceOf(Outcome.Accepted.class);
        test.until("two", () -> test.runtime.living.size() == 2 && state("shop") == ApplicationState.RUNNING);
        assertThat(front("shop").trigger()).isEqualTo(Trigger.DOWNSCALE_COMPLETED);
        assertThat(test.platform.scale("shop", "Front", 2)).isInstanceOf(Outcome.Accepted.class);
        assertThat(test.platform.journal().of("shop"))
                .filteredOn(entry -> entry.text().startsWith("SCALED"))
                .extracting(Journal.Entry::text)
                .containsExactly(
                        "SCALED, version 1: Front has 4 replicas",
                        "SCALED, version 1: Front has 2 replicas",
                        "SCALED, version 1: Front has 2 replicas");
        assertThat(test.platform.scale("shop", "Front", 101)).isInstanceOf(Outcome.Refused.class);
        assertThat(test.platform.scale("shop", "Front", 9)).isInstanceOf(Outcome.Refused.class);
        assertThat(test.platform.scale("shop", "Back", 1)).isInstanceOf(Outcome.Refused.class);
        assertThat(test.platform.scale("pub", "Back", 1)).isInstanceOf(Outcome.Refused.class);
    }

    @Test
    void rollbackGoesToTheVersionBefore() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 1)));
        assertThat(test.platform.rollback("shop")).isInstanceOf(Outcome.Refused.class);
        test.deployed(Specs.application("shop", Specs.deployment("Front", 1, "version", "2")));
        test.until("new", () -> test.runtime.living.size() == 1);
        assertThat(test.call("shop")).isEqualTo("2");
        test.until(
                "says until when it may still go back",
                () -> test.platform.journal().of("shop").stream()
                        .anyMatch(one ->
                                one.text().equals("RUNS, version 2: on probation until it has been well for 250ms")));
        assertThat(test.platform.rollback("shop")).isEqualTo(new Outcome.Accepted(1));
        test.settled("shop");
        test.until("old", () -> test.runtime.living.size() == 1);
        assertThat(test.call("shop")).isEqualTo("1");
    }

    @Test
    void deletingFinishesWhatIsInProgressThroughAllStages() throws Exception {
        test.deployed(Specs.application(
                "shop",
                Specs.deployment("Front", 1, "calls", "Back", "millis", "100"),
                Specs.deployment("Back", 1, "millis", "100")));
        List<CompletableFuture<String>> replies = new ArrayList<>();
        for (int i = 0; i < 10; i++) replies.add(test.start("shop"));
        assertThat(test.platform.delete("shop")).isInstanceOf(Outcome.Accepted.class);
        for (CompletableFuture<String> reply : replies)
            assertThat(reply.get(20, TimeUnit.SECONDS)).isEqualTo("11");
        test.until("gone", () -> test.changes.contains("DELETED shop 1"));
        assertThat(test.runtime.closedAtWork).hasValue(0);
        assertThat(test.platform.ingress("shop")).isEmpty();
        assertThat(test.platform.status().applications()).isEmpty();
    }

    @Test
    void R1_5_aReplicaThatMissesThreeHealthChecksIsDrainedAndReplaced() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 2)));
        TestRuntime.TestServant sick = test.runtime.living.values().iterator().next();
        sick.sick = true;
        test.until("replaced", () -> test.runtime.started.get() == 3 && state("shop") == ApplicationState.RUNNING);
        assertThat(sick.closing.getCount()).isZero();
        assertThat(test.call("shop")).isEqualTo("1");
    }

    @Test
    void aLostReplicaIsReplacedAtOnceAndItsCallsGoElsewhere() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 2)));
        test.runtime.living.values().iterator().next().lost = true;
        for (int i = 0; i < 50; i++) assertThat(test.call("shop")).isEqualTo("1");
        test.until("replaced", () -> test.runtime.started.get() == 3 && state("shop") == ApplicationState.RUNNING);
    }

    @Test
    void whatWasWantedIsTakenUpByTheNextProcess() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 2, "version", "7")));
        test.close();
        test = new TestPlatform(home);
        assertThat(test.settled("shop").state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(test.call("shop")).isEqualTo("7");
    }

    @Test
    void aSpecThatCannotRunIsRefusedWithAllItsProblems() {
        Outcome outcome = test.platform.deploy(Specs.application(
                "shop", Specs.deployment("Front", 1, "fault", "undescribed"), Specs.deployment("Back", 9)));
        assertThat(((Outcome.Refused) outcome).problems())
                .hasSize(2)
                .anyMatch(line -> line.contains("there is no such thing"))
                .anyMatch(line -> line.contains("R2.2"));
        assertThat(test.platform.status().applications()).isEmpty();
    }

    @Test
    void anApplicationWhoseEndCannotBeWrittenDownAtOnceIsGoneLater() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 1)));
        test.until("proven", () -> test.changes.contains("PROVEN shop 1"));
        try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + new Home(home).platform());
                Statement statement = other.createStatement()) {
            statement.execute("CREATE TRIGGER full BEFORE DELETE ON goals BEGIN SELECT RAISE(ABORT, 'no room'); END");
            assertThat(test.platform.delete("shop")).isInstanceOf(Outcome.Accepted.class);
            test.until("stopped", () -> test.platform.status().find("shop").isEmpty());
            statement.execute("DROP TRIGGER full");
        }
        test.until("gone", () -> test.changes.contains("DELETED shop 1"));
        assertThat(test.platform.deploy(full())).isInstanceOf(Outcome.Accepted.class);
    }

    /// As many as its quota has room for.
    private static ApplicationSpec full(String... settings) {
        return Specs.application("shop", Specs.deployment("Front", 8, settings));
    }

    @Test
    void anUpdateAtAStartNeedsNoRoomForWhatDoesNotRun() throws Exception {
        test.deployed(full());
        test.until("proven", () -> test.changes.contains("PROVEN shop 1"));
        assertThat(test.platform.deploy(full("version", "2"))).isInstanceOf(Outcome.Refused.class);
        assertThat(test.platform.deploy(full("takes", "other"))).isInstanceOf(Outcome.Refused.class);
        test.close();
        test = new TestPlatform(home, full("version", "2"));
        assertThat(test.settled("shop").state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(test.call("shop")).isEqualTo("2");
        assertThat(test.runtime.started).hasValue(8);
        test.close();
        test = new TestPlatform(home, full("version", "3", "takes", "other"));
        assertThat(test.settled("shop").state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(test.call("shop")).isEqualTo("3");
        assertThat(test.runtime.started).hasValue(8);
    }

    @Test
    void whatNeverRanIsReplacedWithoutRoomForBoth() throws Exception {
        test.deployed(full("fault", "start"));
        test.until("given up", () -> test.changes.contains("GIVEN_UP shop 1"));
        assertThat(test.deployed(full("version", "2")).state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(test.call("shop")).isEqualTo("2");
    }

    @Test
    void anUpdateAtAStartThatFailsGoesBackAndSaysWhy() throws Exception {
        test.deployed(full());
        test.until("proven", () -> test.changes.contains("PROVEN shop 1"));
        test.close();
        test = new TestPlatform(home, full("version", "2", "takes", "other", "fault", "start"));
        test.until("rolled back", () -> test.changes.contains("ROLLED_BACK_BY_ITSELF shop 1"));
        test.until("runs", () -> front("shop").running() == 8);
        assertThat(test.call("shop")).isEqualTo("1");
        assertThat(state("shop")).isEqualTo(ApplicationState.DEPLOY_FAILED);
        assertThat(test.platform.status().find("shop").orElseThrow().reason()).contains("does not like to start");
    }

    @Test
    void R4_2_anIsolationThatARuntimeDoesNotHaveIsRefused() {
        DeploymentSpec front = Specs.deployment("Front", 1);
        Outcome outcome = test.platform.deploy(Specs.application(
                "shop",
                new DeploymentSpec(
                        front.name(),
                        front.runtime(),
                        Isolation.PROCESS,
                        front.each(),
                        front.ongoingMax(),
                        front.queuedMax(),
                        front.scale(),
                        front.health(),
                        front.timeouts(),
                        front.userConfig())));
        assertThat(((Outcome.Refused) outcome).problems())
                .containsExactly("deployment 'Front' has the isolation PROCESS, replicas of the runtime 'test' have"
                        + " THREAD: say so");
    }

    @Test
    void whatCannotBeWrittenDownIsRefusedAndSaysWhere() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 1)));
        test.until("proven", () -> test.changes.contains("PROVEN shop 1"));
        Path file = new Home(home).platform();
        try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = other.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            assertThat(((Outcome.Refused) test.platform.scale("shop", "Front", 2)).problems())
                    .singleElement()
                    .asString()
                    .contains("nothing has changed", file.toString(), "cannot be written", "disk space");
        }
        assertThat(test.platform.scale("shop", "Front", 2)).isInstanceOf(Outcome.Accepted.class);
    }

    private ApplicationState state(String application) {
        return test.platform.status().find(application).orElseThrow().state();
    }

    private DeploymentStatus front(String application) {
        return test.platform
                .status()
                .find(application)
                .orElseThrow()
                .find("Front")
                .orElseThrow();
    }
}
