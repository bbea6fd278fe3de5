package dev.redoubt.runtime.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.redoubt.base.Check;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.model.ModelServant;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.OnnxArtifact;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/// Runs ONNX models: the runtime of kind `onnx`. Its settings are `model`, the absolute path of one file, and
/// `digest`,
/// `sha256:` and 64 digits of hex. Input and output are tensors by the model's own names. Safe for any thread.
///
/// A replica computes on the processors of this process, with as many threads for one call as it has whole
/// cpus, and as many
/// calls at once.
public final class OnnxRuntime implements ServantFactory, AutoCloseable {
    public static final String KIND = "onnx";
    private static final int REASON_LENGTH_MAX = 512;

    private final Path nativeLibraries;
    private final long memoryBytesMax;
    private final TimeSource clock;
    private final ScheduledThreadPoolExecutor deadlines;

    /// @param nativeLibraries where the library may unpack itself ([dev.redoubt.base.Home#nativeLibraries])
    /// @param memoryBytesMax what all models of this process may take together, weights included; the same in
    ///     every runtime
    ///     of one process
    public OnnxRuntime(Path nativeLibraries, long memoryBytesMax, TimeSource clock) {
        Check.positive("memoryBytesMax", memoryBytesMax);
        this.nativeLibraries = nativeLibraries;
        this.memoryBytesMax = memoryBytesMax;
        this.clock = clock;
        this.deadlines = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("onnx-deadlines").factory());
        deadlines.setRemoveOnCancelPolicy(true); // most calls end long before
    }

    /// Reads and checks the file; no native code sees it.
    @Override
    public Interface describe(DeploymentSpec spec) throws RuntimeRefusal {
        try (OnnxArtifact artifact = open(spec)) {
            return OnnxTypes.describe(artifact.model());
        }
    }

    @Override
    public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
            throws RuntimeRefusal {
        String place = application + "/" + spec.name();
        try (OnnxArtifact artifact = open(spec)) {
            Interface types = OnnxTypes.describe(artifact.model());
            fits(spec, artifact.bytes().capacity());
            OrtEnvironment environment = OnnxLibrary.load(nativeLibraries, memoryBytesMax);
            OrtSession session = session(environment, artifact, threads(spec));
            return new ModelServant(
                    new ModelServant.Setting(KIND, place, replicaId, threads(spec), spec.ongoingMax()),
                    new OnnxModelRun(environment, session, types, place, memoryBytesMax),
                    clock,
                    deadlines,
                    spec.timeouts().call());
        } catch (IOException e) {
            throw new RuntimeRefusal(place + ": " + e.getMessage(), e);
        } catch (OrtException e) {
            throw new RuntimeRefusal(
                    place + ": ONNX Runtime does not take the model: " + shown(String.valueOf(e.getMessage())), e);
        }
    }

    private void fits(DeploymentSpec spec, long modelBytes) throws RuntimeRefusal {
        long limit = Math.min(spec.each().memoryBytes(), memoryBytesMax);
        if (modelBytes > limit)
            throw new RuntimeRefusal(spec.name() + ": the model has " + modelBytes + " bytes, a replica may take "
                    + limit + ": give it more memory");
    }

    private static int threads(DeploymentSpec spec) {
        return Math.max(1, (int) spec.each().cpus());
    }

    private static OrtSession session(OrtEnvironment environment, OnnxArtifact artifact, int threads)
            throws OrtException {
        try (var options = new OrtSession.SessionOptions()) {
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            options.setMemoryPatternOptimization(false); // it remembers every shape that was ever sent
            options.addConfigEntry("session.load_model_format", "ONNX"); // never guessed from the bytes
            options.addConfigEntry("session.use_env_allocators", "1"); // the arena with the limit
            options.addConfigEntry("session.intra_op.allow_spinning", "0"); // who waits leaves the processor to others
            return environment.createSession(artifact.bytes(), options);
        }
    }

    private static OnnxArtifact open(DeploymentSpec spec) throws RuntimeRefusal {
        Map<String, String> settings = spec.runtime().settings();
        String file = settings.get("model");
        String digest = settings.get("digest");
        if (file == null || digest == null || settings.size() != 2)
            throw new RuntimeRefusal(spec.name() + ": the runtime onnx has the settings model and digest, given are "
                    + settings.keySet());
        Path model = path(spec, file);
        try {
            return OnnxArtifact.open(model, digest);
        } catch (IOException e) {
            throw new RuntimeRefusal(spec.name() + ": model '" + model + "' cannot be read: make it readable", e);
        } catch (ArtifactException e) {
            throw new RuntimeRefusal(spec.name() + ": " + e.getMessage() + " (" + e.rule() + ")", e);
        }
    }

    private static Path path(DeploymentSpec spec, String file) throws RuntimeRefusal {
        try {
            Path model = Path.of(file);
            if (model.isAbsolute()) return model;
            throw new RuntimeRefusal(spec.name() + ": model '" + model + "' must be an absolute path");
        } catch (InvalidPathException e) {
            throw new RuntimeRefusal(spec.name() + ": the setting model is no path", e);
        }
    }

    /// Of the library: about the model, never about a request.
    private static String shown(String text) {
        String printable = text.replaceAll("[^\\x20-\\x7E]", "?");
        return printable.length() <= REASON_LENGTH_MAX ? printable : printable.substring(0, REASON_LENGTH_MAX) + "…";
    }

    /// Servants must be closed already.
    @Override
    public void close() {
        deadlines.shutdownNow();
    }
}
