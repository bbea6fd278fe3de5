package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.control.PlatformStatus.DeploymentStatus;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What callers of a deployment see that ran, and cannot start again.
final class OutageTest {
    private static final Duration RETRY_MAX = Duration.ofSeconds(30);

    @TempDir
    private Path folder;

    private PlatformSimulation sim;

    @BeforeEach
    void open() {
        sim = new PlatformSimulation(folder, 5);
        sim.replicas().faults = false;
    }

    @AfterEach
    void close() {
        sim.close();
    }

    private void deploy(Scale scale) {
        deploy(scale, Map.of());
    }

    private void deploy(Scale scale, Map<String, String> settings) {
        sim.deploy(Specs.application(
                "shop",
                new DeploymentSpec(
                        "Front",
                        new RuntimeSpec("sim", settings),
                        Isolation.THREAD,
                        Resources.of(1, 1L << 28),
                        8,
                        200,
                        scale,
                        HealthCheck.DEFAULT,
                        Timeouts.DEFAULT,
                        "{}")));
    }

    private void update() {
        deploy(new Scale.Fixed(1));
        sim.runFor(Duration.ofMinutes(3));
        deploy(new Scale.Fixed(1), Map.of("version", "2"));
        sim.runFor(Duration.ofSeconds(10));
        assertThat(wantedVersion()).isEqualTo(2);
    }

    private long wantedVersion() {
        return Objects.requireNonNull(sim.goals.published().get("shop"))
                .version()
                .number();
    }

    /// How it ended, one entry.
    private List<Optional<ServeException>> call() {
        return call(0.1);
    }

    private List<Optional<ServeException>> call(double seconds) {
        List<Optional<ServeException>> ends = new ArrayList<>();
        Ingress ingress = Objects.requireNonNull(sim.controller.ingresses().get("shop"));
        Call call = new Call("r", "shop", "", sim.time.nanos() + 30_000_000_000L, Optional.empty(), new Cancellation());
        ingress.call(SimReplicas.input(seconds, ingress.face().input()), call, new ReplyListener() {
            @Override
            public void next(Payload item) {}

            @Override
            public void completed() {
                ends.add(Optional.empty());
            }

            @Override
            public void failed(ServeException failure) {
                ends.add(Optional.of(failure));
            }
        });
        return ends;
    }

    private ApplicationStatus shop() {
        return sim.controller.status().find("shop").orElseThrow();
    }

    private DeploymentStatus front() {
        return shop().find("Front").orElseThrow();
    }

    private static void assertRefused(List<Optional<ServeException>> ends) {
        ServeException refusal = ends.getFirst().orElseThrow();
        assertThat(refusal.code()).isEqualTo(ErrorCode.DEPLOYMENT_UNAVAILABLE);
        assertThat(refusal.retryAfter().orElseThrow()).isBetween(Duration.ofSeconds(1), RETRY_MAX);
    }

    @Test
    void whatCannotStartAgainRefusesItsCallersAtOnceUntilItRuns() {
        deploy(new Scale.Fixed(2));
        sim.runFor(Duration.ofMinutes(3));
        sim.replicas().outage = true;
        sim.replicas().crash();
        sim.runFor(Duration.ofMillis(200));
        List<Optional<ServeException>> waits = call();
        assertThat(waits).as("while it may yet start").isEmpty();
        sim.runFor(Duration.ofSeconds(29));
        assertRefused(waits);
        sim.runFor(Duration.ofMinutes(1));
        List<Optional<ServeException>> comes = call();
        assertRefused(comes);
        assertThat(front().state()).isEqualTo(DeploymentState.UNHEALTHY);
        assertThat(comes.getFirst().orElseThrow().retryAfter().orElseThrow())
                .as("follows the back-off, of half a minute by now")
                .isGreaterThan(Duration.ofSeconds(5));
        sim.replicas().outage = false;
        sim.runFor(RETRY_MAX.plusSeconds(6));
        List<Optional<ServeException>> answered = call();
        sim.runFor(Duration.ofSeconds(1));
        assertThat(answered).containsExactly(Optional.empty());
    }

    @Test
    void replicasThatAreLostTogetherAreWaitedFor() {
        deploy(new Scale.Fixed(4));
        sim.runFor(Duration.ofMinutes(3));
        sim.replicas().crash();
        sim.runFor(Duration.ofMillis(200));
        List<Optional<ServeException>> waits = call();
        sim.runFor(Duration.ofSeconds(15));
        assertThat(waits).containsExactly(Optional.empty());
    }

    @Test
    void anUpdateEndsNoCallWithinItsLimit() {
        deploy(new Scale.Fixed(1));
        sim.runFor(Duration.ofMinutes(3));
        List<Optional<ServeException>> slow = call(29);
        deploy(new Scale.Fixed(1), Map.of("version", "2"));
        sim.runFor(Duration.ofSeconds(31));
        assertThat(slow).containsExactly(Optional.empty());
    }

    @Test
    void whatEndsAReplicaOfAnUpdateDoesNotUndoIt() {
        update();
        for (int i = 0; i < 4; i++) {
            sim.replicas().crash();
            sim.runFor(Duration.ofSeconds(20));
            String loss = "loss " + (i + 1) + " of 5 of this update";
            assertThat(sim.controller.journal().of("shop"))
                    .anyMatch(one -> one.text().contains(loss));
            assertThat(front().state()).isEqualTo(DeploymentState.HEALTHY);
            assertThat(shop().reason()).isEqualTo("on probation: goes back by itself unless it stays well for 50s");
        }
        sim.runFor(Duration.ofMinutes(3));
        assertThat(wantedVersion()).isEqualTo(2);
        assertThat(shop().state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(shop().reason()).isEmpty();
    }

    @Test
    void anUpdateWhoseReplicasEndAgainAndAgainGoesBack() {
        update();
        lose(5);
        assertThat(wantedVersion()).isEqualTo(1);
    }

    private void lose(int times) {
        for (int i = 0; i < times; i++) {
            sim.replicas().crash();
            sim.runFor(Duration.ofSeconds(20));
        }
    }

    @Test
    void aRestartEndsNoProbation() {
        update();
        sim.close();
        sim = new PlatformSimulation(folder, 6);
        sim.replicas().faults = false;
        sim.resume();
        sim.runFor(Duration.ofSeconds(10));
        lose(5);
        assertThat(wantedVersion()).isEqualTo(1);
    }

    @Test
    void aScaleEndsNoProbation() {
        update();
        scaleTo(2);
        sim.runFor(Duration.ofSeconds(10));
        lose(3);
        assertThat(wantedVersion()).isEqualTo(1);
    }

    @Test
    void aVersionThatFailsEndsNoProbationOfTheOneItGoesBackTo() {
        update();
        deploy(new Scale.Fixed(1), Map.of("fault", "start"));
        sim.runFor(Duration.ofSeconds(20));
        assertThat(wantedVersion()).isEqualTo(2);
        lose(1);
        assertThat(front().state()).isEqualTo(DeploymentState.DEPLOY_FAILED);
        assertThat(front().reason()).contains("does not start", "; gone back, and then: loss 1 of 5");
        lose(4);
        assertThat(wantedVersion()).isEqualTo(1);
    }

    @Test
    void aProbationThatIsStoodIsOverForGood() {
        update();
        sim.runFor(Duration.ofMinutes(3));
        deploy(new Scale.Fixed(1), Map.of("fault", "start"));
        sim.runFor(Duration.ofMinutes(1));
        lose(6);
        assertThat(wantedVersion()).isEqualTo(2);
        assertThat(front().state()).isEqualTo(DeploymentState.DEPLOY_FAILED);
    }

    @Test
    void whatIsSwitchedOffRefusesItsCallersAtOnce() {
        deploy(new Scale.Fixed(0));
        sim.runFor(Duration.ofSeconds(1));
        List<Optional<ServeException>> ends = call();
        assertThat(ends.getFirst().orElseThrow().code()).isEqualTo(ErrorCode.DEPLOYMENT_UNAVAILABLE);
        scaleTo(1);
        sim.runFor(Duration.ofMillis(200));
        List<Optional<ServeException>> waits = call();
        sim.runFor(Duration.ofSeconds(8));
        assertThat(waits).containsExactly(Optional.empty());
    }

    private void scaleTo(int replicas) {
        Goals.Goal goal = Objects.requireNonNull(sim.goals.published().get("shop"));
        DeploymentSpec scaled = goal.spec().deployments().getFirst().with(new Scale.Fixed(replicas));
        assertThat(sim.goals.scale(
                        Specs.application("shop", scaled),
                        scaled.name(),
                        goal.version().number()))
                .isInstanceOf(Outcome.Accepted.class);
    }

    @Test
    void whoScalesIsToldOnceNewReplicasHaveNotStartedSeveralTimes() {
        deploy(new Scale.Fixed(1));
        sim.runFor(Duration.ofMinutes(3));
        sim.replicas().outage = true;
        scaleTo(2);
        sim.runFor(Duration.ofSeconds(6));
        assertThat(front().state()).isEqualTo(DeploymentState.UPSCALING);
        assertThat(front().reason()).matches("start [1-5] of 6 failed: simulated");
        sim.runFor(Duration.ofSeconds(40));
        assertThat(front().state()).isEqualTo(DeploymentState.UNHEALTHY);
        assertThat(front().trigger()).isEqualTo(Trigger.REPLICA_STARTUP_FAILED);
        sim.replicas().outage = false;
        sim.runFor(Duration.ofMinutes(1));
        assertThat(front().state()).isEqualTo(DeploymentState.HEALTHY);
        assertThat(front().running()).isEqualTo(2);
    }

    @Test
    void whatHasScaledToZeroIsWaitedFor() {
        deploy(new Scale.Automatic(new Autoscaling(
                0,
                4,
                0,
                4,
                Duration.ofSeconds(30),
                Duration.ofSeconds(60),
                Duration.ofSeconds(60),
                Duration.ofSeconds(30),
                1,
                1)));
        sim.runFor(Duration.ofMinutes(1));
        assertThat(front().replicasWanted()).isZero();
        List<Optional<ServeException>> waits = call();
        sim.runFor(Duration.ofSeconds(8));
        assertThat(waits).containsExactly(Optional.empty());
    }

    @Test
    void whatWentBackAndFailsAsWellSaysTheLatest() {
        deploy(new Scale.Fixed(1));
        sim.runFor(Duration.ofMinutes(3));
        DeploymentSpec bad = Specs.deployment("Front", 1, "fault", "start");
        sim.deploy(Specs.application("shop", bad));
        sim.runFor(Duration.ofMinutes(1));
        assertThat(front().state()).isEqualTo(DeploymentState.DEPLOY_FAILED);
        String failure = front().reason();
        assertThat(failure).contains("does not start");
        sim.replicas().crash();
        sim.runFor(Duration.ofSeconds(11));
        assertThat(sim.controller.status().find("shop").orElseThrow().reason()).contains("is gone");
        sim.runFor(Duration.ofMinutes(1));
        assertThat(front().reason()).as("what it went back to works").isEqualTo(failure);
    }
}
