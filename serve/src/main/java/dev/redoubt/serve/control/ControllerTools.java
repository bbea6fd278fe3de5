package dev.redoubt.serve.control;

import dev.redoubt.base.TimeSource;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.route.Router;
import dev.redoubt.serve.route.RouterLimits;
import dev.redoubt.serve.route.RouterListener;
import dev.redoubt.serve.scale.ScalingPolicy;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/// What every part of the controller works with.
///
/// @param policies by application and deployment
/// @param lots draws candidates in a router; a generator for each
/// @param onRouter what routers tell, from any thread
/// @param journal told of what operators may want to know
record ControllerTools(
        TimeSource time,
        Pace pace,
        ReplicaDriver driver,
        BiFunction<String, String, ScalingPolicy> policies,
        Supplier<RandomGenerator> lots,
        RouterListener onRouter,
        Journal journal) {
    Router router(DeploymentSpec spec) {
        return new Router(spec.name(), limits(spec), time, lots.get(), onRouter);
    }

    static RouterLimits limits(DeploymentSpec spec) {
        return new RouterLimits(spec.queuedMax(), spec.timeouts().call());
    }

    /// What one deployment is to become.
    ///
    /// @param ran whether this version has worked as a whole
    /// @param onTrial whether its failures are those of an update, which is taken back
    /// @param fallback whether there is a version before it to go back to
    /// @param earlier whether this is the way back from an update that failed
    /// @param hopeless whether that update failed and nothing was there before
    record Wanted(
            DeploymentSpec spec,
            Optional<Interface> face,
            long version,
            boolean ran,
            boolean onTrial,
            boolean fallback,
            boolean earlier,
            boolean hopeless) {}
}
