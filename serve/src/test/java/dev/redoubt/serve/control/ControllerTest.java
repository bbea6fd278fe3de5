package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.scale.OngoingPolicy;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ControllerTest {
    private static final Pace PACE =
            new Pace(Duration.ofMillis(100), Duration.ofMillis(200), Duration.ofSeconds(30), Duration.ofSeconds(5));

    /// Time goes on while a step is taken, as it does outside of simulations.
    private static final class PassingTime implements TimeSource {
        private final AtomicLong nanos = new AtomicLong();

        @Override
        public long nanos() {
            return nanos.addAndGet(1_000);
        }

        @Override
        public Instant now() {
            return Instant.EPOCH.plusNanos(nanos.get());
        }
    }

    private static final class Started implements ReplicaDriver {
        final List<String> ids = new ArrayList<>();
        private Consumer<ReplicaEvent> events = event -> {};

        Started telling(Consumer<ReplicaEvent> told) {
            events = told;
            return this;
        }

        @Override
        public void start(String replicaId, String application, DeploymentSpec spec, Outgoing outgoing) {
            ids.add(replicaId);
        }

        @Override
        public void probe(String replicaId) {}

        @Override
        public void reconfigure(String replicaId, String userConfig) {}

        @Override
        public void stop(String replicaId) {
            events.accept(new ReplicaEvent.Stopped(replicaId));
        }

        @Override
        public void close() {}
    }

    private final Started driver = new Started();
    private final List<String> ran = new ArrayList<>();
    private final Controller controller = new Controller(
            new PassingTime(),
            Specs.MACHINE,
            PACE,
            driver::telling,
            (application, deployment) -> new OngoingPolicy(),
            () -> new SplittableRandom(1),
            new Controller.Verdicts() {
                @Override
                public void runs(String application, long version) {
                    ran.add(application + " " + version);
                }

                @Override
                public void proven(String application, long version) {}

                @Override
                public void failed(String application, long version, String reason) {}

                @Override
                public void deleted(String application) {}
            },
            () -> {});

    private static ApplicationGoal goal(long version, int replicas) {
        return new ApplicationGoal(
                Specs.application("a", Specs.deployment("D", replicas)),
                version,
                Map.of(),
                Verdict.OPEN,
                false,
                Optional.empty(),
                false);
    }

    @Test
    void whatIsWantedIsStartedInTheSameStepAndNotATickLater() {
        controller.want(goal(1, 1));
        controller.step();
        assertThat(driver.ids).containsExactly("a.D.1");
        controller.want(goal(2, 2));
        controller.step();
        assertThat(driver.ids).containsExactly("a.D.1", "a.D.2");
    }

    @Test
    void whatAServerLeavesIsNotSaidToBeDeleted() {
        controller.want(goal(1, 1));
        controller.step();
        controller.leave();
        controller.step();
        assertThat(controller.status().find("a").orElseThrow().find("D").orElseThrow())
                .satisfies(one -> assertThat(one.trigger()).isEqualTo(Trigger.SERVER_STOPPING));
        for (int i = 0; i < 3; i++) controller.step();
        assertThat(controller.isEmpty()).isTrue();
        assertThat(ran).as("it never ran").isEmpty();
    }
}
