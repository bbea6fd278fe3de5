package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Timeouts;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class PlanTest {
    private static final DeploymentSpec FRONT =
            Specs.deployment("Front", 1, "jar", "one").with(Timeouts.DEFAULT);
    private static final ApplicationSpec RUNNING = Specs.application("shop", filled(FRONT));

    /// As a deploy stores it.
    private static DeploymentSpec filled(DeploymentSpec spec) {
        return spec.with(spec.timeouts().withCall(Duration.ofSeconds(15)));
    }

    private static List<String> changes(DeploymentSpec after, String... problems) {
        return Plan.of(Specs.application("shop", after), Optional.of(RUNNING), Optional.empty(), List.of(problems))
                .changes();
    }

    @Test
    void aTimeThatCouldNotBeFilledInIsNoOtherLimit() {
        assertThat(changes(FRONT, "the jar cannot be read")).isEmpty();
        assertThat(changes(FRONT.with(FRONT.runtime().with("jar", "two")), "the jar cannot be read"))
                .singleElement()
                .asString()
                .contains("gets new replicas", "jar two instead of one");
    }

    @Test
    void aTimeThatIsAnotherIsOne() {
        assertThat(changes(filled(FRONT))).isEmpty();
        for (DeploymentSpec other : List.of(
                FRONT.with(FRONT.timeouts().withCall(Duration.ofSeconds(14))),
                FRONT.with(new Timeouts(Optional.empty(), Duration.ofSeconds(9), Optional.empty()))))
            assertThat(changes(other)).containsExactly("deployment 'Front' has other limits, without a restart");
    }
}
