package dev.redoubt.runtime.onnx;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import dev.redoubt.serve.model.LibraryText;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.trust.OnnxArtifact;
import java.io.IOException;

/// ONNX Runtime in this process, which is a worker's and confined: it is started once.
final class OnnxEngine {
    /* Log: the library writes to stderr, with names and sizes of a request in it, so it is told to keep silent; its exceptions
     * say the same to us. */
    private final OrtEnvironment environment;
    private final long memoryBytesMax;

    private OnnxEngine(OrtEnvironment environment, long memoryBytesMax) {
        this.environment = environment;
        this.memoryBytesMax = memoryBytesMax;
    }

    /// Loads the library.
    ///
    /// @param memoryBytesMax what the model may take, weights included
    /// @throws IOException if it cannot be loaded
    static OnnxEngine start(long memoryBytesMax) throws IOException {
        OnnxLibrary.noTelemetry();
        try {
            OrtEnvironment environment =
                    OrtEnvironment.getEnvironment(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL, "redoubt");
            OrtArena.limit(memoryBytesMax);
            return new OnnxEngine(environment, memoryBytesMax);
        } catch (LinkageError | IllegalStateException e) {
            throw new IOException(
                    "ONNX Runtime cannot be loaded: the file system of REDOUBT_HOME must allow execution", e);
        }
    }

    /// @param place application and deployment
    /// @param threads that one call computes with
    /// @throws RuntimeRefusal if the library does not take the model
    OnnxModelRun load(OnnxArtifact artifact, String place, Interface types, int threads) throws RuntimeRefusal {
        try (var options = new OrtSession.SessionOptions()) {
            options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
            options.setIntraOpNumThreads(threads);
            options.setInterOpNumThreads(1);
            options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
            options.setMemoryPatternOptimization(false); // it remembers every shape that was ever sent
            options.addConfigEntry("session.load_model_format", "ONNX"); // never guessed from the bytes
            options.addConfigEntry("session.use_env_allocators", "1"); // the arena with the limit
            options.addConfigEntry("session.intra_op.allow_spinning", "0"); // who waits leaves the processor to others
            OrtSession session = environment.createSession(artifact.bytes(), options);
            return new OnnxModelRun(environment, session, types, place, memoryBytesMax);
        } catch (OrtException e) {
            throw new RuntimeRefusal(place + ": ONNX Runtime does not take the model: " + LibraryText.of(e), e);
        }
    }
}
