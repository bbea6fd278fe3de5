package dev.redoubt.runtime.torch;

import dev.redoubt.base.FaultText;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.model.ModelServant;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.trust.TorchScriptArtifact;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/// Makes the one replica of a worker process.
final class TorchReplicas implements ServantFactory {
    private final Interface types;
    private final TorchScriptArtifact artifact;
    private final TimeSource clock;
    private final ScheduledThreadPoolExecutor deadlines = new ScheduledThreadPoolExecutor(
            1, Thread.ofPlatform().daemon().name("torch-deadlines").factory());

    TorchReplicas(Interface types, TorchScriptArtifact artifact, TimeSource clock) {
        this.types = types;
        this.artifact = artifact;
        this.clock = clock;
        deadlines.setRemoveOnCancelPolicy(true); // most calls end long before
    }

    /// As the configuration says: TorchScript has no names of outputs, and no sizes.
    @Override
    public Interface describe(DeploymentSpec spec) {
        return types;
    }

    @Override
    public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
            throws RuntimeRefusal {
        String place = application + "/" + spec.name();
        int threads = Math.max(1, (int) spec.each().cpus());
        try {
            TorchModel model = TorchEngine.start(threads).load(artifact, place, types);
            return new ModelServant(
                    new ModelServant.Setting(TorchRuntime.KIND, place, replicaId, threads, spec.ongoingMax()),
                    model,
                    clock,
                    deadlines,
                    spec.timeouts().call());
        } catch (Exception | LinkageError e) {
            throw new RuntimeRefusal(place + ": PyTorch does not take the model: " + FaultText.of(e), e);
        }
    }
}
