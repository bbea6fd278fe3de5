package dev.redoubt.serve.worker;

import dev.redoubt.base.ServeException;
import dev.redoubt.serve.Call;
import dev.redoubt.serve.Cancellation;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.ReplyListener;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.spec.HealthCheck;
import dev.redoubt.serve.spec.Isolation;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.serve.spec.RuntimeSpec;
import dev.redoubt.serve.spec.Scale;
import dev.redoubt.serve.spec.Timeouts;
import dev.redoubt.serve.worker.hostile.Hostile;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.JarOutputStream;
import java.util.zip.ZipEntry;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Real workers to test with, and calls of them.
final class Workers implements AutoCloseable {
    static final long MEMORY = 256L << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(60); // of a machine that does other things too
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final Path folder;
    private final WorkerRuntime runtime;
    private final AtomicInteger requests = new AtomicInteger();

    Workers(Path folder) throws IOException {
        this(folder, WorkerLimits.DEFAULT);
    }

    Workers(Path folder, WorkerLimits limits) throws IOException {
        this(folder, limits, WorkerJvm.own());
    }

    Workers(Path folder, WorkerLimits limits, WorkerJvm jvm) throws IOException {
        this.folder = folder;
        this.runtime = new WorkerRuntime(folder.resolve("workers"), limits, Map.of(), jvm);
    }

    WorkerRuntime runtime() {
        return runtime;
    }

    /// The classes of the package `hostile`, in a jar.
    Path jar() throws IOException {
        Path jar = folder.resolve("hostile.jar");
        return Files.exists(jar) ? jar : jar(jar, new byte[0]);
    }

    /// @param beside what else is in it
    Path jar(Path jar, byte[] beside) throws IOException {
        Path classes = folderOf(Hostile.class);
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out);
                var files = Files.list(classes)) {
            for (Path file : files.toList()) {
                entries.putNextEntry(new ZipEntry("dev/redoubt/serve/worker/hostile/" + file.getFileName()));
                entries.write(Files.readAllBytes(file));
                entries.closeEntry();
            }
            entries.putNextEntry(new ZipEntry("beside"));
            entries.write(beside);
            entries.closeEntry();
        }
        return jar;
    }

    private static Path folderOf(Class<?> type) throws IOException {
        try {
            Path file = Path.of(Objects.requireNonNull(type.getResource(type.getSimpleName() + ".class"))
                    .toURI());
            return Objects.requireNonNull(file.getParent());
        } catch (URISyntaxException e) {
            throw new IOException(e);
        }
    }

    static String sha256(Path file) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    DeploymentSpec spec(Class<?> type) throws Exception {
        return spec(type, sha256(jar()), MEMORY);
    }

    DeploymentSpec spec(Class<?> type, String digest, long memory) throws Exception {
        Map<String, String> settings = Map.of("class", type.getName(), "jar", jar().toString(), "sha256", digest);
        return new DeploymentSpec(
                type.getSimpleName(),
                new RuntimeSpec("java", settings),
                Isolation.PROCESS,
                Resources.of(1, memory),
                8,
                100,
                new Scale.Fixed(1),
                new HealthCheck(Duration.ofSeconds(10), Duration.ofSeconds(10), 3),
                new Timeouts(Duration.ofSeconds(30), PATIENCE, Duration.ofSeconds(20)),
                DeploymentSpec.NO_USER_CONFIG);
    }

    Servant start(Class<?> type) throws Exception {
        return start(spec(type));
    }

    Servant start(DeploymentSpec spec) throws RuntimeRefusal {
        return start(spec, (target, input, call, replies) -> {
            throw new AssertionError("nobody is called here");
        });
    }

    Servant start(DeploymentSpec spec, Outgoing outgoing) throws RuntimeRefusal {
        return runtime.start("shop", spec, "shop-" + spec.name() + "-" + requests.incrementAndGet(), outgoing);
    }

    Call call() {
        return call(new Cancellation());
    }

    Call call(Cancellation cancellation) {
        return new Call(
                "request-" + requests.incrementAndGet(),
                "shop",
                "key-1",
                System.nanoTime() + PATIENCE.toNanos(),
                Optional.empty(),
                cancellation);
    }

    /// What a [Hostile] answers.
    String ask(Servant servant, String what, String to) throws ServeException {
        return get(begin(servant, what, to, call())).get("text").stringValue();
    }

    CompletableFuture<JsonNode> begin(Servant servant, String what, String to, Call call) {
        One replies = new One();
        servant.call(deed(what, to), call, replies);
        return replies.answer;
    }

    static Payload deed(String what, String to) {
        return new Payload.Tree(NODES.objectNode().put("what", what).put("to", to));
    }

    /// @throws ServeException as the call failed
    static JsonNode get(CompletableFuture<JsonNode> answer) {
        try {
            return answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ServeException failure) throw failure;
            throw new AssertionError(e);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() {
        runtime.close();
    }

    /// The one item of a call.
    static final class One implements ReplyListener {
        final CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        private volatile @Nullable JsonNode item;

        @Override
        public void next(Payload next) {
            item = next.tree();
        }

        @Override
        public void completed() {
            answer.complete(Objects.requireNonNull(item));
        }

        @Override
        public void failed(ServeException failure) {
            answer.completeExceptionally(failure);
        }
    }
}
