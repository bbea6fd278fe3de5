package dev.redoubt.serve.model;

import dev.redoubt.base.FaultText;
import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.time.Duration;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/// Makes the one replica of a worker process: loads the model, tries it and lets calls run in it, as many at once
/// as the deployment has whole cpus, and each on as many threads.
public final class ModelReplica implements ServantFactory {
    private final String kind;
    private final Interface types;
    private final Loader loader;
    private final TimeSource clock;
    private final Duration overdueMax;
    private final ScheduledThreadPoolExecutor deadlines;

    /// Gives a file that was approved to its library.
    public interface Loader {
        /// @param place application and deployment
        /// @param threads that one call computes with
        /// @throws RuntimeRefusal with what the library says of the model, for the operator
        /// @throws Exception whatever else it throws
        NativeModel load(String place, int threads) throws Exception;
    }

    /// @param kind of runtime
    /// @param types what goes in and out: tensors
    /// @param overdueMax how long a run may go on after its call's end before the replica is sick
    public ModelReplica(String kind, Interface types, Loader loader, TimeSource clock, Duration overdueMax) {
        this.kind = kind;
        this.types = types;
        this.loader = loader;
        this.clock = clock;
        this.overdueMax = overdueMax;
        this.deadlines = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name(kind + "-deadlines").factory());
        deadlines.setRemoveOnCancelPolicy(true); // most calls end long before
    }

    @Override
    public Interface describe(DeploymentSpec spec) {
        return types;
    }

    @Override
    public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
            throws RuntimeRefusal {
        String place = application + "/" + spec.name();
        int threads = Math.max(1, (int) spec.each().cpus());
        return new ModelServant(
                new ModelServant.Setting(kind, place, replicaId, threads, spec.ongoingMax(), overdueMax),
                load(place, threads),
                clock,
                deadlines,
                spec.timeouts().call());
    }

    private NativeModel load(String place, int threads) throws RuntimeRefusal {
        try {
            NativeModel model = loader.load(place, threads);
            try {
                ModelTrial.run(model, place, types, deadlines);
            } catch (RuntimeRefusal | RuntimeException | Error e) {
                model.close();
                throw e;
            }
            return model;
        } catch (RuntimeRefusal said) {
            throw said;
        } catch (Exception | LinkageError e) {
            throw new RuntimeRefusal(place + ": the model of kind " + kind + " is not taken: " + FaultText.brief(e), e);
        }
    }
}
