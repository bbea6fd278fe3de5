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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class GraphTest {
    private static final Schema TEXT = new Schema.Text();
    private static final Schema BOOL = new Schema.Bool();
    private static final Duration REQUEST = Duration.ofSeconds(30);

    private final Map<String, Interface> interfaces = new LinkedHashMap<>();
    private final Map<String, Integer> seconds = new LinkedHashMap<>();

    /// A deployment of text that calls others by text.
    private GraphTest with(String name, int timeoutSeconds, String... targets) {
        List<Interface.Edge> edges = Arrays.stream(targets)
                .map(target -> new Interface.Edge(target, TEXT, TEXT))
                .toList();
        interfaces.put(name, new Interface(TEXT, TEXT, false, edges));
        seconds.put(name, timeoutSeconds);
        return this;
    }

    private ApplicationSpec spec(String ingress) {
        List<DeploymentSpec> deployments = new ArrayList<>();
        seconds.forEach((name, timeout) -> deployments.add(new DeploymentSpec(
                name,
                new RuntimeSpec("java", Map.of()),
                Isolation.THREAD,
                Resources.of(1, 1),
                1,
                1,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                new Timeouts(Duration.ofSeconds(timeout), Duration.ofSeconds(1), Duration.ofSeconds(1)),
                DeploymentSpec.NO_USER_CONFIG)));
        return new ApplicationSpec("shop", ingress, ApplicationSpec.DEFAULT_QUOTA, deployments);
    }

    private List<String> problems(String ingress) {
        return Graph.problems(spec(ingress), interfaces, REQUEST);
    }

    @Test
    void R5_2_aDiamondIsFineAndWhoIsCalledComesFirst() {
        with("A", 10, "B", "C").with("B", 10, "D").with("C", 5, "D").with("D", 10);
        assertThat(problems("A")).isEmpty();
        assertThat(Graph.order(spec("A"), interfaces)).containsExactly("D", "B", "C", "A");
    }

    @Test
    void R5_2_aCycleIsNamed() {
        with("A", 1, "B").with("B", 1, "C").with("C", 1, "B");
        assertThat(problems("A"))
                .containsExactly("B -> C -> B is a cycle: a request would never end, take one of the handles away");
    }

    @Test
    void R5_2_aDeploymentThatCallsItselfIsACycle() {
        with("A", 1, "A");
        assertThat(problems("A")).singleElement().asString().startsWith("A -> A is a cycle");
    }

    @Test
    void R5_2_aCycleThatNobodyReachesIsFoundToo() {
        with("A", 1).with("B", 1, "C").with("C", 1, "B");
        assertThat(problems("A"))
                .satisfiesExactly(
                        unreached -> assertThat(unreached).startsWith("'B' is on no path from the ingress 'A'"),
                        cycle -> assertThat(cycle).startsWith("B -> C -> B is a cycle"));
    }

    @Test
    void R5_1_aTargetThatDoesNotExistIsNamed() {
        with("A", 1, "B", "X").with("B", 1);
        assertThat(problems("A"))
                .containsExactly(
                        "'A' calls 'X', which is none of the deployments [A, B]: add it, or take the handle" + " away");
    }

    @Test
    void R5_1_typesMustMeetOnBothSidesOfAnEdge() {
        with("B", 1);
        interfaces.put("A", new Interface(TEXT, TEXT, false, List.of(new Interface.Edge("B", BOOL, BOOL))));
        seconds.put("A", 1);
        assertThat(problems("A"))
                .satisfiesExactly(
                        given -> assertThat(given)
                                .startsWith("'A' calls 'B' and their types do not meet: of what it is given, 'output'"),
                        reply -> assertThat(reply).contains("of what it replies, 'output'"));
    }

    @Test
    void R5_2_pathsAreAtMostTenDeploymentsLong() {
        for (int i = 0; i < 10; i++) with("S" + i, 1, "S" + (i + 1));
        with("S10", 1);
        assertThat(problems("S0"))
                .singleElement()
                .asString()
                .startsWith("S0 -> S1")
                .contains("is a path of 11 deployments, limit is 10");
    }

    @Test
    void R5_2_aDeploymentCallsAtMostSixteenOthers() {
        String[] targets = new String[17];
        for (int i = 0; i < 17; i++) {
            targets[i] = "T" + i;
            with(targets[i], 1);
        }
        with("A", 1, targets);
        assertThat(problems("A")).singleElement().asString().startsWith("'A' calls 17 others, limit is 16");
    }

    @Test
    void R5_2_timeoutsOfTheSlowestPathFitIntoTheRequests() {
        with("A", 10, "B", "C").with("B", 10).with("C", 15, "D").with("D", 5);
        assertThat(problems("A")).as("30 s in all").isEmpty();
        with("D", 6);
        assertThat(problems("A"))
                .containsExactly(
                        "A -> C -> D may take 31.0 s by the timeouts of its stages, a request has 30.0 s: lower"
                                + " the timeouts until their sum fits");
    }

    @Test
    void R5_2_allProblemsAreListedAtOnce() {
        with("A", 60, "B", "X").with("B", 1).with("Z", 1);
        assertThat(problems("A")).hasSize(3);
    }
}
