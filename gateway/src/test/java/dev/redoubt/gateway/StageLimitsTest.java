package dev.redoubt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import dev.redoubt.base.Home;
import dev.redoubt.base.TimeSource;
import dev.redoubt.policy.Scope;
import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.To;
import dev.redoubt.serve.control.GraphCheck;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.java.JavaRuntime;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.scale.OngoingPolicy;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.ImageLimit;
import dev.redoubt.serve.schema.Shape;
import dev.redoubt.serve.schema.Tensor;
import dev.redoubt.serve.spec.ApplicationSpec;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What stages may give each other, over a real socket to two stages that state no times.
@SuppressWarnings("NullAway.Init")
final class StageLimitsTest {
    public record Order(int bytes, boolean pixels) {}

    public record Image(
            byte[] file,
            @Shape(dtype = DType.U8, sizes = -1) Tensor pixels) {}

    public record Size(int bytes, double seconds) {}

    /// Paints an image of the size that it is told.
    @Deployment(name = "Painter", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 64)
    public static final class Painter implements Handler<Order, Size> {
        private final DeploymentHandle<Image, Size> viewer;

        public Painter(@To("Viewer") DeploymentHandle<Image, Size> viewer) {
            this.viewer = viewer;
        }

        @Override
        public Size handle(Order order) {
            byte[] file = new byte[order.pixels() ? 0 : order.bytes()];
            List<Integer> size = List.of(order.pixels() ? order.bytes() : 0);
            return viewer.call(new Image(file, Tensor.written(DType.U8, size, ignored -> {})))
                    .get();
        }
    }

    /// Says how large an image is, and what time it has been given.
    @Deployment(name = "Viewer", maxOngoingRequests = 4, cpus = 0.1, memoryMiB = 64)
    public static final class Viewer implements Handler<Image, Size> {
        @Override
        public Size handle(Image image) {
            long left = dev.redoubt.serve.Call.current().deadlineNanos() - System.nanoTime();
            return new Size(image.file().length + (int) image.pixels().data().byteSize(), left / 1e9);
        }
    }

    @TempDir
    private static Path home;

    private static Platform platform;
    private static TestEdge edge;
    private static String key;

    @BeforeAll
    static void start() throws InterruptedException {
        Map<String, Class<?>> handlers = Map.of("Painter", Painter.class, "Viewer", Viewer.class);
        JavaRuntime runtime = new JavaRuntime(
                spec -> {
                    Class<?> handler = handlers.get(spec.name());
                    if (handler == null) throw new RuntimeRefusal("no such class");
                    return handler;
                },
                TimeSource.system());
        platform = Platform.open(new Platform.Setup(
                new Home(home.toAbsolutePath()),
                Resources.of(4, 4L << 30),
                Map.of("java", runtime),
                Set.of(),
                new GraphCheck(Duration.ofSeconds(20)),
                (application, deployment) -> new OngoingPolicy(),
                (change, application, version, reason) -> {},
                TimeSource.system()));
        TestApplications.deploy(
                platform,
                new ApplicationSpec(
                        "paint",
                        "Painter",
                        Resources.of(1, 1L << 30),
                        List.of(deployment("Painter"), deployment("Viewer"))));
        edge = TestEdge.at(home).platform(platform).start();
        key = edge.keys.create("paint", Set.of(Scope.INFERENCE)).secret();
    }

    private static DeploymentSpec deployment(String name) {
        return new DeploymentSpec(
                name,
                new RuntimeSpec("java", Map.of()),
                Isolation.THREAD,
                Resources.of(0.1, 64L << 20),
                4,
                4,
                new Scale.Fixed(1),
                HealthCheck.DEFAULT,
                Timeouts.DEFAULT,
                DeploymentSpec.NO_USER_CONFIG);
    }

    @AfterAll
    static void stop() {
        edge.close();
        platform.close();
    }

    private static HttpResponse<String> paint(int bytes, boolean pixels) {
        return edge.send(HttpRequest.newBuilder(edge.uri("/paint"))
                .header("Authorization", "Bearer " + key)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString("{\"bytes\":%d,\"pixels\":%s}".formatted(bytes, pixels)))
                .build());
    }

    @Test
    void R5_1_anImageBetweenStagesHasTenMillionBytesAtMost() {
        for (boolean pixels : new boolean[] {false, true}) {
            HttpResponse<String> most = paint(ImageLimit.BYTES_MAX, pixels);
            assertThat(most.statusCode()).as(most.body()).isEqualTo(200);
            assertThat(most.body()).contains("\"bytes\":10000000");
            HttpResponse<String> over = paint(ImageLimit.BYTES_MAX + 1, pixels);
            assertThat(over.statusCode()).as(over.body()).isEqualTo(500);
            assertThat(over.body()).contains("error_id").doesNotContain("image");
        }
    }

    @Test
    void R5_2_aSecondStageHasItsShareOfTheRequestsTime() {
        double seconds = TestEdge.json(paint(1, false).body()).path("seconds").asDouble();
        assertThat(seconds).isBetween(5.0, 10.0);
    }
}
