package dev.redoubt.serve.graph;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class StageTimeoutsTest {
    private static final Duration REQUEST = Duration.ofSeconds(30);
    private static final Schema TEXT = new Schema.Text();

    private final List<DeploymentSpec> deployments = new ArrayList<>();
    private final Map<String, Interface> interfaces = new TreeMap<>();

    /// @param seconds 0: it states nothing
    private void deployment(String name, int seconds, String... calls) {
        deployments.add(new DeploymentSpec(
                name,
                new RuntimeSpec("java", Map.of()),
                Isolation.THREAD,
                Resources.of(0.1, 1 << 20),
                1,
                1,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                seconds == 0 ? Timeouts.DEFAULT : Timeouts.DEFAULT.withCall(Duration.ofSeconds(seconds)),
                "{}"));
        interfaces.put(
                name,
                new Interface(
                        TEXT,
                        TEXT,
                        false,
                        Arrays.stream(calls)
                                .map(target -> new Interface.Edge(target, TEXT, TEXT))
                                .toList()));
    }

    private Map<String, Double> seconds() {
        ApplicationSpec filled = filled();
        assertThat(Graph.problems(filled, interfaces, REQUEST)).isEmpty();
        Map<String, Double> seconds = new TreeMap<>();
        for (DeploymentSpec one : filled.deployments())
            seconds.put(one.name(), one.timeouts().call().toMillis() / 1000.0);
        return seconds;
    }

    private ApplicationSpec filled() {
        ApplicationSpec spec = new ApplicationSpec("shop", "A", Resources.of(1, 1 << 30), deployments);
        return StageTimeouts.filled(spec, interfaces, REQUEST);
    }

    @Test
    void R5_2_stagesThatStateNothingShareWhatTheRequestHas() {
        deployment("A", 0, "B");
        deployment("B", 0);
        assertThat(seconds()).isEqualTo(Map.of("A", 15.0, "B", 15.0));
    }

    @Test
    void aStageAloneHasAll() {
        deployment("A", 0);
        assertThat(seconds()).isEqualTo(Map.of("A", 30.0));
    }

    @Test
    void whatIsStatedStaysAndTheOthersShareWhatItLeaves() {
        deployment("A", 0, "B", "D");
        deployment("B", 10, "C");
        deployment("C", 0);
        deployment("D", 0);
        assertThat(seconds()).isEqualTo(Map.of("A", 10.0, "B", 10.0, "C", 10.0, "D", 15.0));
    }

    @Test
    void whereNothingIsLeftTheGraphsCheckSaysSo() {
        deployment("A", 20, "B");
        deployment("B", 11, "C");
        deployment("C", 0);
        assertThat(Graph.problems(filled(), interfaces, REQUEST))
                .singleElement()
                .asString()
                .contains("A -> B -> C");
    }

    @Test
    void R5_2_noPathOfAnyGraphTakesLongerThanARequest() {
        for (long seed = 0; seed < 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            deployments.clear();
            interfaces.clear();
            int count = 1 + random.nextInt(10);
            for (int i = 0; i < count; i++) {
                List<String> calls = new ArrayList<>();
                if (i + 1 < count) calls.add(name(i + 1)); // all are reached
                for (int to = i + 2; to < count; to++) if (random.nextInt(3) == 0) calls.add(name(to));
                deployment(name(i), random.nextInt(3) == 0 ? 1 + random.nextInt(3) : 0, calls.toArray(String[]::new));
            }
            assertThat(Graph.problems(filled(), interfaces, REQUEST))
                    .as("seed %s", seed)
                    .isEmpty();
        }
    }

    private static String name(int i) {
        return String.valueOf((char) ('A' + i));
    }
}
