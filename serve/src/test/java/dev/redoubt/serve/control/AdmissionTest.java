package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.redoubt.base.Requirement;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class AdmissionTest {
    private final Admission admission = new Admission(Specs.MACHINE, Set.of()); // 16 CPUs, 32 GiB

    @Test
    void aSpecWithinAllLimitsHasNoProblems() {
        assertThat(problems(Specs.application("shop", Specs.deployment("Front", 8))))
                .isEmpty();
        assertThat(problems(automatic(Autoscaling.DEFAULT, 50))).isEmpty();
    }

    @Test
    void R1_1_moreOngoingCallsThanTheLimitNeedAWaiver() {
        ApplicationSpec spec = Specs.application("shop", limits(101, HealthCheck.DEFAULT, Timeouts.DEFAULT));
        assertThat(problems(spec)).singleElement().asString().contains("R1.1", "101", "100", "waiver");
        assertThat(new Admission(Specs.MACHINE, Set.of(Requirement.R1_1)).problems(spec, List.of(), List.of()))
                .isEmpty();
    }

    @Test
    void R1_5_slowerHealthChecksAreRefusedWhateverIsWaived() {
        HealthCheck slow = new HealthCheck(Duration.ofSeconds(11), Duration.ofSeconds(31), 4);
        ApplicationSpec spec = Specs.application("shop", limits(10, slow, Timeouts.DEFAULT));
        Admission waiving = new Admission(Specs.MACHINE, Set.of(Requirement.R1_5));
        assertThat(waiving.problems(spec, List.of(), List.of())).hasSize(3).allMatch(one -> one.startsWith("R1.5"));
    }

    @Test
    void R2_1_moreThanAHundredReplicasCannotBeAskedFor() {
        assertThatThrownBy(() -> Autoscaling.between(1, 101)).hasMessageContaining("1 to 100");
        assertThatThrownBy(() -> new Scale.Fixed(101)).hasMessageContaining("0 to 100");
    }

    @Test
    void R2_2_replicasThatDoNotFitAreRefused() {
        assertThat(problems(Specs.application("shop", Specs.deployment("Front", 9))))
                .singleElement()
                .asString()
                .contains("R2.2", "4.50 CPUs", "9 replicas", "4.00 CPUs");
        ApplicationSpec least = Specs.application(
                "shop", Specs.deployment("Front", new Scale.Automatic(Autoscaling.between(9, 10)), "{}"));
        assertThat(problems(least)).singleElement().asString().contains("R2.2", "9 replicas");
    }

    @Test
    void R2_3_hastyAutoscalingIsRefused() {
        Autoscaling hasty = new Autoscaling(
                1,
                10,
                1,
                11,
                Duration.ofSeconds(29),
                Duration.ofSeconds(59),
                Duration.ofSeconds(1),
                Duration.ofSeconds(30),
                1,
                1);
        assertThat(problems(automatic(hasty, 10))).hasSize(4).allMatch(one -> one.startsWith("R2.3"));
    }

    @Test
    void R2_4_autoscalingTakesAtMostFiftyOngoingCallsInAReplica() {
        assertThat(problems(automatic(Autoscaling.DEFAULT, 51)))
                .singleElement()
                .asString()
                .contains("R2.4", "51", "50");
    }

    @Test
    void R4_1_namesThatWouldBeSomebodysByAccidentAreRefused() {
        for (String name : List.of("", "default", "Shop", "-shop", "a/b"))
            assertThatThrownBy(() -> Specs.application(name, Specs.deployment("Front", 1)))
                    .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Specs.application("shop", Specs.deployment("Front", 1), Specs.deployment("Front", 1)))
                .hasMessageContaining("two deployments are called 'Front'");
    }

    @Test
    void limitsAreNamedAndWrittenAsInAConfiguration() {
        Autoscaling hasty = new Autoscaling(
                1,
                2,
                1,
                20,
                Duration.ofSeconds(1),
                Duration.ofSeconds(2),
                Duration.ofSeconds(3),
                Duration.ofSeconds(30),
                1,
                1);
        HealthCheck rare = new HealthCheck(Duration.ofMinutes(1), Duration.ofSeconds(90), 5);
        DeploymentSpec spec = limits(120, rare, Timeouts.DEFAULT.withCall(Duration.ofMinutes(1)));
        assertThat(problems(Specs.application("shop", spec.with(new Scale.Automatic(hasty)))))
                .anyMatch(line -> line.contains("has max-ongoing-requests 120, limit is 100"))
                .anyMatch(line -> line.contains("has timeouts.call 1m, limit is 30s"))
                .anyMatch(line -> line.contains("has health-check.period 1m, limit is 10s"))
                .anyMatch(line -> line.contains("has health-check.timeout 90s, limit is 30s"))
                .anyMatch(line -> line.contains("has health-check.misses 5, limit is 3"))
                .anyMatch(line -> line.contains("has autoscaling.target-ongoing-requests 20, limit is 10:"))
                .anyMatch(line -> line.contains("has autoscaling.upscale-delay 1s, at least 30s is allowed"))
                .anyMatch(line -> line.contains("has autoscaling.downscale-delay 2s, at least 1m is allowed"))
                .anyMatch(line -> line.contains("has autoscaling.downscale-to-zero-delay 3s, at least 1m is allowed"));
    }

    @Test
    void R4_2_quotasTogetherStayWithinTheMachinesShare() {
        ApplicationSpec shop = quota("shop", Resources.of(4, 1L << 30));
        assertThat(admission.problems(shop, List.of(), List.of(quota("pub", Resources.of(8.8, 1L << 30)))))
                .isEmpty();
        assertThat(admission.problems(shop, List.of(), List.of(quota("pub", Resources.of(8.9, 1L << 30)))))
                .singleElement()
                .asString()
                .contains("R4.2", "4.00 CPUs", "8.90 CPUs", "12.80 CPUs");
        assertThat(problems(quota("shop", Resources.of(1, 26L << 30))))
                .singleElement()
                .asString()
                .contains("R4.2");
    }

    @Test
    void R4_2_deploymentsTogetherStayWithinTheQuota() {
        assertThat(problems(Specs.application("shop", Specs.deployment("Front", 5), Specs.deployment("Back", 4))))
                .singleElement()
                .asString()
                .contains("R4.2", "4.50 CPUs");
    }

    @Test
    void anUpdateNeedsRoomForOneReplicaMore() {
        ApplicationSpec running = Specs.application("shop", Specs.deployment("Front", 8));
        ApplicationSpec next = Specs.application("shop", Specs.deployment("Front", 8, "version", "2"));
        assertThat(admission.problems(next, running.deployments(), List.of()))
                .singleElement()
                .asString()
                .contains("starts a new replica before it stops an old one", "4.50 CPUs", "4.00 CPUs");
        ApplicationSpec fewer = Specs.application("shop", Specs.deployment("Front", 7));
        assertThat(admission.problems(fewer, running.deployments(), List.of())).isEmpty();
        ApplicationSpec roomy = Specs.application("shop", Specs.deployment("Front", 7, "version", "2"));
        assertThat(admission.problems(roomy, fewer.deployments(), List.of())).isEmpty();
    }

    @Test
    void anUpdateNeedsRoomForWhatThereIsAtOnceAndNoMore() {
        Resources small = Resources.of(0.2, 450L << 20);
        Resources large = Resources.of(0.8, 512L << 20);
        assertThat(update(large, small, Resources.of(1, 962L << 20))).isEmpty();
        assertThat(update(small, large, Resources.of(1, 962L << 20))).isEmpty();
        assertThat(update(large, small, Resources.of(1, 961L << 20)))
                .singleElement()
                .asString()
                .contains("takes 1.00 CPUs, 962 MiB", "is 1.00 CPUs, 961 MiB");
        assertThat(update(small, large, Resources.of(0.9, 1L << 30)))
                .singleElement()
                .asString()
                .contains("takes 1.00 CPUs, 962 MiB", "is 0.90 CPUs, 1024 MiB");
    }

    @Test
    void anUpdateToMoreReplicasNeedsRoomUntilTheFirstOldOneMayGo() {
        Resources quota = Resources.of(2.5, 4L << 30);
        assertThat(admission.problems(sized(quota, Specs.EACH, 4, "2"), List.of(front(Specs.EACH, 2, "1")), List.of()))
                .isEmpty();
        assertThat(admission.problems(
                        sized(Resources.of(2.4, 4L << 30), Specs.EACH, 4, "2"),
                        List.of(front(Specs.EACH, 2, "1")),
                        List.of()))
                .singleElement()
                .asString()
                .contains("takes 2.50 CPUs, 1280 MiB");
    }

    private List<String> update(Resources from, Resources to, Resources quota) {
        return admission.problems(sized(quota, to, 1, "2"), List.of(front(from, 1, "1")), List.of());
    }

    private static ApplicationSpec sized(Resources quota, Resources each, int replicas, String version) {
        return new ApplicationSpec("shop", "Front", quota, List.of(front(each, replicas, version)));
    }

    private static DeploymentSpec front(Resources each, int replicas, String version) {
        DeploymentSpec base = Specs.deployment("Front", replicas, "version", version);
        return new DeploymentSpec(
                base.name(),
                base.runtime(),
                base.isolation(),
                each,
                base.ongoingMax(),
                base.queuedMax(),
                base.scale(),
                base.health(),
                base.timeouts(),
                base.userConfig());
    }

    private List<String> problems(ApplicationSpec spec) {
        return admission.problems(spec, List.of(), List.of());
    }

    private static ApplicationSpec quota(String name, Resources quota) {
        return new ApplicationSpec(name, "Front", quota, List.of(Specs.deployment("Front", 1)));
    }

    private static ApplicationSpec automatic(Autoscaling rules, int ongoingMax) {
        DeploymentSpec spec = limits(ongoingMax, HealthCheck.DEFAULT, Timeouts.DEFAULT);
        return Specs.application("shop", spec.with(new Scale.Automatic(rules)));
    }

    private static DeploymentSpec limits(int ongoingMax, HealthCheck health, Timeouts timeouts) {
        DeploymentSpec base = Specs.deployment("Front", 1);
        return new DeploymentSpec(
                base.name(),
                base.runtime(),
                base.isolation(),
                base.each(),
                ongoingMax,
                100,
                base.scale(),
                health,
                timeouts,
                "{}");
    }
}
