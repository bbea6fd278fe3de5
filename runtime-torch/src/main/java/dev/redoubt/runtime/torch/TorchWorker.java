package dev.redoubt.runtime.torch;

import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.model.ModelReplica;
import dev.redoubt.serve.model.NativeModel;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.serve.worker.WorkerMain;
import dev.redoubt.serve.worker.WorkerProgram;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.TorchScriptArtifact;
import dev.redoubt.trust.TorchScriptFile;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/// The program of a worker process with one TorchScript model.
public final class TorchWorker implements WorkerProgram {
    private TorchWorker() {}

    public static void main(String[] arguments) throws IOException {
        WorkerMain.run(new TorchWorker());
    }

    @Override
    public Opened open(DeploymentSpec spec, Path folder) throws RuntimeRefusal {
        TorchRuntime.Settings settings = TorchRuntime.Settings.of(spec);
        TorchScriptFile file = TorchRuntime.read(spec, settings);
        return overdueMax -> runtime(spec, settings, file, overdueMax);
    }

    /// The first that looks at what was read: confined by now.
    private static ServantFactory runtime(
            DeploymentSpec spec, TorchRuntime.Settings settings, TorchScriptFile file, Duration overdueMax)
            throws RuntimeRefusal {
        try {
            TorchScriptArtifact artifact = file.verify(settings.digest());
            Interface types = settings.types(); // TorchScript has no names of outputs, and no sizes
            ModelReplica.Loader loader = (place, threads) -> load(file, artifact, place, types, threads);
            return new ModelReplica(TorchRuntime.KIND, types, loader, TimeSource.system(), overdueMax);
        } catch (ArtifactException e) {
            throw RuntimeRefusal.of(spec.name(), e);
        }
    }

    private static NativeModel load(
            TorchScriptFile file, TorchScriptArtifact artifact, String place, Interface types, int threads)
            throws IOException {
        try (file) { // libtorch has its own copy then
            return TorchEngine.start(threads).load(artifact, place, types);
        }
    }
}
