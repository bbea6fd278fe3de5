package dev.redoubt.serve.control;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.serve.control.PlatformStatus.DeploymentStatus;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.Autoscaling;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import dev.redoubt.testkit.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Simulations in virtual time. A failure prints its seed; `-Dredoubt.sim.seed=N` runs it again, and
/// `-Dredoubt.sim.steps=1000000` goes on for longer.
final class PlatformSimTest {
    private static final Autoscaling RULES = new Autoscaling(
            1,
            8,
            1,
            4,
            Duration.ofSeconds(30),
            Duration.ofSeconds(60),
            Duration.ofSeconds(60),
            Duration.ofSeconds(30),
            1,
            1);
    private static final Autoscaling TO_ZERO = new Autoscaling(
            0,
            4,
            0,
            4,
            Duration.ofSeconds(30),
            Duration.ofSeconds(60),
            Duration.ofSeconds(90),
            Duration.ofSeconds(30),
            1,
            0.5);

    @TempDir
    private Path folder;

    private long seed;
    private int version;
    private String outside = "outside"; // what callers send
    private String between = "between"; // what one stage gives the other

    @Test
    void faultsUpdatesAndLoadStepsBreakNoInvariantAndTheGoalIsReached() {
        simulate(Long.getLong("redoubt.sim.steps", 25_000), Long.getLong("redoubt.sim.seed", System.nanoTime()));
    }

    @Test
    void nobodyWaitsInVainWhereNothingStarts() {
        outages = true;
        simulate(Long.getLong("redoubt.sim.steps", 25_000), Long.getLong("redoubt.sim.seed", System.nanoTime()));
    }

    /// It once found an update that failed with as many replicas as its quota has, so that the set which was to go back
    /// waited for room for ever.
    @Test
    void whatFailedMakesRoomForTheWayBack() {
        simulate(25_000, 27725321026524L);
    }

    private void simulate(long steps, long withSeed) {
        seed = withSeed;
        System.out.println("PlatformSimTest seed " + seed + ", " + steps + " steps");
        try (PlatformSimulation sim = new PlatformSimulation(folder, seed)) {
            SplittableRandom random = new SplittableRandom(seed);
            sim.deploy(shop(random, false));
            sim.deploy(pub());
            faults(sim, random);
            changes(sim, random);
            loadSteps(sim, random);
            if (outages) outage(sim, random);
            sim.run(steps);
            stopped = true;
            sim.replicas().outage = false;
            sim.settle();
            System.out.println("PlatformSimTest: " + sim.submitted + " requests, " + sim.completed + " completed, "
                    + version + " deploys");
            assertThat(sim.completed).isGreaterThan(sim.submitted / 2);
        }
    }

    private boolean stopped;
    private boolean outages;

    private void faults(PlatformSimulation sim, SplittableRandom random) {
        sim.time.in(20 + 100 * random.nextDouble(), () -> {
            if (stopped) return;
            sim.replicas().strike();
            faults(sim, random);
        });
    }

    /// For a while nothing starts, and what ran is gone.
    private void outage(PlatformSimulation sim, SplittableRandom random) {
        sim.time.in(300 + 300 * random.nextDouble(), () -> {
            if (stopped) return;
            sim.replicas().outage = true;
            sim.replicas().crash();
            sim.time.in(10 + 80 * random.nextDouble(), () -> sim.replicas().outage = false);
            outage(sim, random);
        });
    }

    private void changes(PlatformSimulation sim, SplittableRandom random) {
        sim.time.in(20 + 150 * random.nextDouble(), () -> {
            if (stopped) return;
            switch (random.nextInt(8)) {
                case 0 -> sim.goals.delete("pub");
                case 1, 2 -> sim.deploy(pub());
                case 3 -> sim.rollBack("shop");
                default -> sim.deploy(shop(random, true));
            }
            changes(sim, random);
        });
    }

    private void loadSteps(PlatformSimulation sim, SplittableRandom random) {
        double length = 100 + 300 * random.nextDouble();
        long until = sim.time.nanos() + (long) (length * 1e9);
        sim.load("shop", 1 + 20 * random.nextDouble(), 0.2 + random.nextDouble(), until);
        if (random.nextBoolean()) sim.load("pub", 0.5 + 5 * random.nextDouble(), 0.5, until);
        sim.time.in(length, () -> {
            if (!stopped) loadSteps(sim, random);
        });
    }

    /// Two deployments, in one of many versions, of which some do not work.
    private ApplicationSpec shop(SplittableRandom random, boolean mayFail) {
        version++;
        String fault = !mayFail ? "" : List.of("", "", "", "start", "sick").get(random.nextInt(5));
        String config = mayFail && random.nextInt(6) == 0 ? "{\"bad\": 1}" : "{\"level\": " + random.nextInt(3) + "}";
        String front = random.nextInt(3) == 0 ? "same" : "v" + version;
        if (random.nextInt(3) == 0) outside = "outside" + random.nextInt(3);
        if (random.nextInt(3) == 0) between = "between" + random.nextInt(3);
        Map<String, String> settings =
                Map.of("version", front, "fault", fault, "takes", outside, "calls", "Back", "gives", between);
        return new ApplicationSpec(
                "shop",
                "Front",
                Resources.of(10, 20L << 30),
                List.of(
                        deployment("Front", new Scale.Automatic(RULES), config, settings),
                        deployment("Back", new Scale.Fixed(1 + random.nextInt(3)), "{}", Map.of("takes", between))));
    }

    private ApplicationSpec pub() {
        version++;
        return new ApplicationSpec(
                "pub",
                "Front",
                Resources.of(5, 20L << 30),
                List.of(deployment("Front", new Scale.Automatic(TO_ZERO), "{}", Map.of("version", "" + version % 3))));
    }

    private static DeploymentSpec deployment(String name, Scale scale, String config, Map<String, String> settings) {
        return new DeploymentSpec(
                name,
                new RuntimeSpec("sim", settings),
                Isolation.THREAD,
                Resources.of(1, 1L << 30),
                8,
                200,
                scale,
                HealthCheck.DEFAULT,
                Timeouts.DEFAULT,
                config);
    }

    @Test
    void R2_3_steadyLoadWithNoiseDoesNotMakeReplicasComeAndGo() {
        try (PlatformSimulation sim = new PlatformSimulation(folder, 7)) {
            sim.replicas().faults = false;
            sim.deploy(steady());
            sim.runFor(Duration.ofSeconds(30));
            sim.load("trace", 36, 0.5, Long.MAX_VALUE); // 18 ongoing on average: 5 replicas of 4
            sim.runFor(Duration.ofMinutes(10));
            int changes = 0;
            int before = front(sim).replicasWanted();
            for (int i = 0; i < 3600; i++) {
                sim.runFor(Duration.ofSeconds(1));
                int now = front(sim).replicasWanted();
                assertThat(now).isBetween(4, 6);
                if (now != before) changes++;
                before = now;
            }
            System.out.println("PlatformSimTest: " + changes + " changes in an hour of steady load");
            assertThat(changes).as("changes in an hour").isLessThanOrEqualTo(4);
        }
    }

    @Test
    void R2_5_aFloodOfOneApplicationStaysInItsQuotaAndTakesNothingFromAnother() {
        try (PlatformSimulation sim = new PlatformSimulation(folder, 3)) { // checks the quotas after each step
            sim.replicas().faults = false;
            sim.deploy(steady());
            sim.deploy(new ApplicationSpec(
                    "flood",
                    "Front",
                    Resources.of(3, 20L << 30),
                    List.of(deployment("Front", new Scale.Automatic(RULES), "{}", Map.of()))));
            sim.runFor(Duration.ofSeconds(30));
            sim.load("flood", 100, 1, Long.MAX_VALUE);
            sim.runFor(Duration.ofMinutes(2));
            assertThat(sim.controller
                            .status()
                            .find("flood")
                            .orElseThrow()
                            .deployments()
                            .getFirst()
                            .running())
                    .isEqualTo(3);
            long before = sim.completed;
            sim.load("trace", 24, 1, Long.MAX_VALUE);
            sim.runFor(Duration.ofMinutes(3));
            assertThat(front(sim).running()).as("of the neighbour").isBetween(6, 8);
            assertThat(sim.completed - before).isGreaterThan(3 * 60 * (24 + 3 * 8) * 8 / 10);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"azure-llm-2023-conv.csv", "azure-llm-2023-code.csv"})
    void R2_1_tracesOfARealServiceAreServedWithinAllBounds(String file) throws IOException {
        List<Arrival> arrivals = arrivals(Shared.testdata("traces").resolve(file));
        try (PlatformSimulation sim = new PlatformSimulation(folder, 11)) {
            sim.replicas().faults = false;
            sim.deploy(steady());
            sim.runFor(Duration.ofSeconds(30));
            for (Arrival arrival : arrivals) sim.time.in(arrival.at, () -> sim.call("trace", arrival.seconds));
            sim.runFor(Duration.ofNanos((long) (arrivals.getLast().at * 1e9)).plusMinutes(1));
            sim.settle();
            System.out.println("PlatformSimTest: " + file + ": " + sim.submitted + " requests, " + sim.completed
                    + " completed in " + sim.steps + " steps");
            assertThat(sim.submitted).isEqualTo(arrivals.size());
            assertThat(sim.completed).isGreaterThan((long) (0.9 * sim.submitted));
        }
    }

    private static ApplicationSpec steady() {
        return new ApplicationSpec(
                "trace",
                "Front",
                Resources.of(10, 20L << 30),
                List.of(deployment("Front", new Scale.Automatic(RULES), "{}", Map.of())));
    }

    private static DeploymentStatus front(PlatformSimulation sim) {
        return sim.controller.status().find("trace").orElseThrow().find("Front").orElseThrow();
    }

    /// @param at seconds from the first
    /// @param seconds of work: 5 ms a generated token and 50 µs a token of context
    private record Arrival(double at, double seconds) {}

    private static List<Arrival> arrivals(Path csv) throws IOException {
        DateTimeFormatter format = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss.SSSSSSS");
        List<Arrival> all = new ArrayList<>();
        LocalDateTime first = LocalDateTime.MAX;
        List<String> lines = Files.readAllLines(csv);
        for (String line : lines.subList(1, lines.size())) {
            String[] fields = line.split(",");
            LocalDateTime at = LocalDateTime.parse(fields[0], format);
            if (all.isEmpty()) first = at;
            double seconds = 5e-5 * Integer.parseInt(fields[1]) + 5e-3 * Integer.parseInt(fields[2]);
            all.add(new Arrival(Duration.between(first, at).toNanos() / 1e9, seconds));
        }
        return all;
    }
}
