package dev.redoubt.runtime.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.Home;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.control.Outcome;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.control.PlatformStatus.ReplicaStatus;
import dev.redoubt.serve.control.ReplicaState;
import dev.redoubt.serve.scale.OngoingPolicy;
import dev.redoubt.serve.schema.Tensor;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.worker.WorkerLimits;
import dev.redoubt.testkit.TinyTorch;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Replicas that end or hang, under a controller that wants them.
@SuppressWarnings("NullAway.Init")
class ReplacementTest {
    private static final Tensor THREE = Tensor.of(List.of(3), 1, 2, 3);
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    /// Loops for ever where the first element is over 100.
    private static final String FORWARD = """
                y = x
                while bool(torch.gt(torch.select(x, 0, 0), 100)):
                  y = torch.add(y, 1)
                return y
            """;

    @TempDir
    Path folder;

    private final Map<String, Long> processes = new HashMap<>(); // by application
    private Workers workers;
    private Platform platform;

    @BeforeEach
    void setUp() throws Exception {
        WorkerLimits usual = WorkerLimits.DEFAULT;
        workers = new Workers(
                folder,
                new WorkerLimits(
                        usual.frameBytesMax(),
                        usual.folderBytesMax(),
                        usual.folderFilesMax(),
                        usual.threadsMax(),
                        usual.descriptorsMax(),
                        usual.writeTimeout(),
                        Duration.ofSeconds(1),
                        usual.closeTimeout()));
        platform = Platform.open(new Platform.Setup(
                new Home(Files.createDirectory(folder.resolve("home"))),
                Resources.of(8, 16L << 30),
                Map.of(TorchRuntime.KIND, workers.runtime()),
                Set.of(),
                (spec, interfaces) -> List.of(),
                (application, deployment) -> new OngoingPolicy(),
                (change, application, version, reason) -> {},
                TimeSource.system()));
        deploy("loops");
        deploy("works");
    }

    @AfterEach
    void tearDown() {
        platform.close();
        workers.close();
    }

    private void deploy(String application) throws Exception {
        Path own = Files.createTempDirectory(folder, "model");
        DeploymentSpec usual = Workers.spec(Signed.of(own, TinyTorch.archive(TinyTorch.module(FORWARD))));
        DeploymentSpec probedOften = new DeploymentSpec(
                usual.name(),
                usual.runtime(),
                usual.isolation(),
                usual.each(),
                usual.ongoingMax(),
                usual.queuedMax(),
                new Scale.Fixed(1),
                new HealthCheck(Duration.ofMillis(200), Duration.ofSeconds(10), 3),
                usual.timeouts(),
                usual.userConfig());
        ApplicationSpec spec =
                new ApplicationSpec(application, usual.name(), ApplicationSpec.DEFAULT_QUOTA, List.of(probedOften));
        Set<Long> before = children();
        assertThat(platform.deploy(spec)).isInstanceOf(Outcome.Accepted.class);
        until(application + " runs", () -> replica(application).isPresent());
        Set<Long> after = children();
        after.removeAll(before);
        processes.put(application, after.iterator().next());
    }

    /// The replica that takes calls.
    private Optional<String> replica(String application) {
        return platform.status().find(application).stream()
                .flatMap(one -> one.deployments().stream())
                .flatMap(one -> one.replicas().stream())
                .filter(one -> one.state() == ReplicaState.RUNNING)
                .map(ReplicaStatus::id)
                .findAny();
    }

    private static void until(String what, BooleanSupplier holds) {
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (!holds.getAsBoolean()) {
            if (System.nanoTime() > end) throw new AssertionError("not within " + PATIENCE + ": " + what);
            new CompletableFuture<Void>()
                    .completeOnTimeout(null, 20, TimeUnit.MILLISECONDS)
                    .join();
        }
    }

    private CompletableFuture<JsonNode> begin(String application, Tensor x, Duration deadline) {
        var replies = new Workers.One();
        Call call = new Call(
                "request",
                application,
                "key",
                System.nanoTime() + deadline.toNanos(),
                Optional.empty(),
                new Cancellation());
        platform.ingress(application).orElseThrow().call(Workers.input("x", x), call, replies);
        return replies.answer;
    }

    private void answers(String application) throws Exception {
        JsonNode answer = begin(application, THREE, PATIENCE).get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(Tensor.of(answer.required("y"))).isEqualTo(THREE);
    }

    private static Set<Long> children() {
        try (Stream<ProcessHandle> all = ProcessHandle.current().children()) {
            return all.map(ProcessHandle::pid).collect(Collectors.toCollection(HashSet::new));
        }
    }

    @Test
    void R4_2_aModelThatLoopsForEverIsFoundSickAndReplaced() throws Exception {
        answers("loops");
        String first = replica("loops").orElseThrow();
        ServeException failure =
                Workers.failure(begin("loops", Tensor.of(List.of(3), 101, 2, 3), Duration.ofMillis(500)));
        assertThat(failure.code()).isEqualTo(ErrorCode.DEADLINE_EXCEEDED);
        until(
                "another replica",
                () -> replica("loops").filter(id -> !id.equals(first)).isPresent());
        answers("loops");
        answers("works");
        assertThat(platform.journal().of("loops"))
                .anyMatch(entry -> entry.subject().equals(first) && entry.text().contains("after its call's end"));
    }

    @Test
    void R4_2_aCrashOfNativeCodeIsReplacedAndOthersGoOn() throws Exception {
        String first = replica("loops").orElseThrow();
        CompletableFuture<JsonNode> lost = begin("loops", Tensor.of(List.of(3), 101, 2, 3), PATIENCE);
        long process = processes.getOrDefault("loops", -1L);
        assertThat(new ProcessBuilder("kill", "-SEGV", Long.toString(process))
                        .start()
                        .waitFor())
                .isZero();
        assertThat(Workers.failure(lost).code()).isEqualTo(ErrorCode.REPLICA_LOST); // nobody knows how far it came
        answers("works");
        until(
                "another replica",
                () -> replica("loops").filter(id -> !id.equals(first)).isPresent());
        answers("loops");
        assertThat(children()).contains(processes.get("works")).doesNotContain(process);
    }
}
