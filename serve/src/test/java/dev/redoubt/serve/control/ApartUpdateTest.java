package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.Resources;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Updates whose replicas cannot work among the running ones: they run beside them and take over as a whole.
final class ApartUpdateTest {
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
    }

    /// @param word what the first stage gives the second
    private static ApplicationSpec chain(String version, String word) {
        return Specs.application(
                "shop",
                Specs.deployment("Front", 2, "version", version, "calls", "Back", "gives", word, "millis", "1"),
                Specs.deployment("Back", 1, "version", version, "takes", word, "millis", "1"));
    }

    @Test
    void R5_1_aCallIsAnsweredByOneVersionFromItsFirstStageToItsLast() throws Exception {
        test.deployed(chain("1", "one"));
        AtomicBoolean done = new AtomicBoolean();
        Set<String> answers = ConcurrentHashMap.newKeySet();
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<?> load = callers.submit(() -> {
                while (!done.get()) answers.add(test.call("shop")); // throws if a call fails
                return null;
            });
            for (int i = 2; i <= 6; i++) {
                assertThat(test.deployed(chain("" + i, "word" + i)).state()).isEqualTo(ApplicationState.RUNNING);
                String now = "" + i + i;
                test.until("calls enter the new version", () -> load.isDone() || answers.contains(now));
            }
            done.set(true);
            load.get();
        }
        assertThat(answers).isSubsetOf("11", "22", "33", "44", "55", "66");
        test.until("the old ones are gone", () -> test.runtime.living.size() == 3);
        assertThat(test.runtime.closedAtWork).hasValue(0);
    }

    @Test
    void whatCallersSendChangesInOneMoment() throws Exception {
        test.deployed(Specs.application("shop", Specs.deployment("Front", 2, "takes", "old", "version", "1")));
        Ingress before = test.platform.ingress("shop").orElseThrow();
        test.deployed(Specs.application("shop", Specs.deployment("Front", 2, "takes", "new", "version", "2")));
        Ingress after = test.platform.ingress("shop").orElseThrow();
        assertThat(after.face()).isNotEqualTo(before.face());
        assertThat(test.call("shop")).isEqualTo("2");
    }

    @Test
    void anUpdateApartThatFailsWasNeverSeen() throws Exception {
        test.deployed(chain("1", "one"));
        Set<String> before = Set.copyOf(test.runtime.living.keySet());
        DeploymentSpec bad = Specs.deployment("Back", 1, "version", "2", "takes", "two", "fault", "start");
        ApplicationStatus status = test.deployed(
                Specs.application("shop", Specs.deployment("Front", 2, "calls", "Back", "gives", "two"), bad));
        assertThat(status.state()).isEqualTo(ApplicationState.DEPLOY_FAILED);
        assertThat(status.reason()).contains("Back: ", "does not like to start");
        test.until("rolled back", () -> test.changes.contains("ROLLED_BACK_BY_ITSELF shop 1"));
        test.until("what was started is gone", () -> test.runtime.living.size() == 3);
        assertThat(test.runtime.living.keySet()).isEqualTo(before);
        assertThat(test.call("shop")).isEqualTo("11");
        ApplicationStatus later = test.settled("shop");
        assertThat(later.state()).as("says so until the next deploy").isEqualTo(ApplicationState.DEPLOY_FAILED);
        assertThat(later.reason()).contains("does not like to start");
        assertThat(test.deployed(chain("3", "three")).state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(test.call("shop")).isEqualTo("33");
    }

    @Test
    void R4_2_anUpdateApartNeedsRoomForBoth() throws Exception {
        ApplicationSpec running = quota(chain("1", "one"));
        test.deployed(running);
        Outcome outcome = test.platform.deploy(quota(chain("2", "two")));
        assertThat(((Outcome.Refused) outcome).problems())
                .singleElement()
                .asString()
                .contains("R4.2", "'Front'", "'Back'", "3.00 CPUs", "2.50 CPUs");
        assertThat(test.deployed(quota(chain("2", "one"))).state()).isEqualTo(ApplicationState.RUNNING);
        assertThat(test.platform.plan(chain("3", "three")).changes())
                .anyMatch(line -> line.contains("beside the running version"));
    }

    /// Room for one replica more than the three.
    private static ApplicationSpec quota(ApplicationSpec spec) {
        return new ApplicationSpec(spec.name(), spec.ingress(), Resources.of(2.5, 4L << 30), spec.deployments());
    }

    @Test
    void whatNeverWorkedIsNotWaitedFor() throws Exception {
        DeploymentSpec bad = Specs.deployment("Front", 2, "takes", "old", "fault", "start");
        assertThat(test.deployed(Specs.application("shop", bad)).state()).isEqualTo(ApplicationState.DEPLOY_FAILED);
        test.until("given up", () -> test.changes.contains("GIVEN_UP shop 1"));
        assertThat(test.deployed(Specs.application("shop", Specs.deployment("Front", 7, "takes", "new")))
                        .state())
                .isEqualTo(ApplicationState.RUNNING);
        assertThat(test.call("shop")).isEqualTo("1");
    }

    @Test
    void deletingEndsBothVersions() throws Exception {
        test.deployed(chain("1", "one"));
        test.platform.deploy(
                Specs.application("shop", Specs.deployment("Front", 1, "takes", "new", "startMillis", "2000")));
        test.until(
                "it starts",
                () -> test.platform.status().find("shop").orElseThrow().state() == ApplicationState.DEPLOYING);
        test.platform.delete("shop");
        test.until("gone", () -> test.changes.contains("DELETED shop 2"));
        assertThat(test.runtime.living).isEmpty();
    }
}
