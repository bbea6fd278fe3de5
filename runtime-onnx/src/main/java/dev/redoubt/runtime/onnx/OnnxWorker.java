package dev.redoubt.runtime.onnx;

import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.model.ModelReplica;
import dev.redoubt.serve.model.NativeModel;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.worker.WorkerKind;
import dev.redoubt.serve.worker.WorkerMain;
import dev.redoubt.serve.worker.WorkerProgram;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.OnnxArtifact;
import dev.redoubt.trust.OnnxFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// The program of a worker process with one ONNX model.
public final class OnnxWorker implements WorkerProgram {
    OnnxWorker() {}

    public static void main(String[] arguments) throws IOException {
        WorkerMain.run(new OnnxWorker());
    }

    @Override
    public Opened open(DeploymentSpec spec, Path folder) throws RuntimeRefusal {
        OnnxRuntime.Settings settings = OnnxRuntime.Settings.of(spec);
        OnnxFile file = OnnxRuntime.read(spec, settings);
        return overdueMax -> runtime(spec, settings, file, overdueMax);
    }

    /// The first that looks at what was read: confined by now.
    private static ServantFactory runtime(
            DeploymentSpec spec, OnnxRuntime.Settings settings, OnnxFile file, Duration overdueMax)
            throws RuntimeRefusal {
        try {
            OnnxArtifact artifact = file.verify(settings.digest());
            Interface types = OnnxTypes.describe(artifact.model());
            long memory = WorkerKind.Memory.NATIVE.nativeBytes(spec.each().memoryBytes());
            ModelReplica.Loader loader = (place, threads) -> load(file, artifact, place, types, threads, memory);
            return new ModelReplica(OnnxRuntime.KIND, types, loader, TimeSource.system(), overdueMax);
        } catch (ArtifactException e) {
            throw RuntimeRefusal.of(spec.name(), e);
        }
    }

    private static NativeModel load(
            OnnxFile file, OnnxArtifact artifact, String place, Interface types, int threads, long memory)
            throws IOException, RuntimeRefusal {
        try (file) { // the library has its own copy then
            return OnnxEngine.start(memory).load(artifact, place, types, threads);
        }
    }
}
