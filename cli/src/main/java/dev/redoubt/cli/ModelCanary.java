package dev.redoubt.cli;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.TimeSource;
import dev.redoubt.engine.WatchedEngine;
import dev.redoubt.engine.canary.CanaryReading;
import dev.redoubt.engine.canary.CanaryReference;
import dev.redoubt.engine.canary.ReadableAnswer;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.trust.ArtifactException;
import java.io.IOException;
import java.util.Optional;

/// Has models read the reference text and compares what they make of it with what a trusted run of the same
/// bytes made of it (V6.2). Safe for any thread.
final class ModelCanary {
    /* The first run of a model in a home is the trusted one: its bytes were compared with a signed or pinned manifest a moment before.
     * What a reference then guards against is all that a digest does not see: memory that has gone bad since, kernels that compute
     * otherwise on another machine or after an upgrade, weights that are read otherwise. */
    private final CanaryFolder folder;
    private final AuditLog audit;
    private final TimeSource time;

    ModelCanary(CanaryFolder folder, AuditLog audit, TimeSource time) {
        this.folder = folder;
        this.audit = audit;
        this.time = time;
    }

    /// Reads with a model; withdraws it if that is not as it should be. The first time it makes the reference.
    ///
    /// @param application whose the model is; empty: the server's
    /// @return what is wrong with it; empty if nothing is
    /// @throws ServeException if the engine could not take the reading, which says nothing about the model
    /// @throws IOException if the reference cannot be read or kept
    /// @throws dev.redoubt.policy.audit.AuditException if the outcome cannot be written down; it counts all the
    /// same
    Optional<String> read(String application, WatchedEngine engine) throws IOException, InterruptedException {
        long begun = time.nanos();
        Optional<String> problem = changed(engine); // the first time it takes their sums
        long summed = time.nanos();
        CanaryReading reading = CanaryReading.of(engine);
        long read = time.nanos();
        AuditEvent event = AuditEvent.of(
                AuditKind.MODEL_CANARY,
                AuditEvent.SERVER,
                application,
                engine.card().name());
        if (problem.isEmpty()) {
            Optional<String> found = problem(application, engine, reading);
            problem = found.isEmpty() ? found : changed(engine).or(() -> found); // memory may have changed meanwhile
        }
        if (problem.isPresent()) {
            engine.withdraw(); // before it is written down: that may fail
            audit.commit(event.refusedBy(Requirement.V6_2).with(problem.get()));
        } else {
            engine.canaryPassed();
            audit.commit(event.with(
                    "passed, " + reading.ids().length + " tokens equal to the bit, " + (read - summed) / 1_000_000
                            + " ms; sums of the weights, " + (summed - begun) / 1_000_000 + " ms"));
        }
        return problem;
    }

    private static Optional<String> changed(WatchedEngine engine) {
        return engine.changedWeights()
                .map(tensor -> "tensor '" + tensor + "' has changed in memory since it was loaded:"
                        + " check this machine's memory, then load the model anew");
    }

    private Optional<String> problem(String application, WatchedEngine engine, CanaryReading reading)
            throws IOException {
        Optional<String> unreadable = ReadableAnswer.problem(reading)
                .map(why -> "its answer to the reference text is not readable, " + why + ": serve another model");
        if (unreadable.isPresent()) return unreadable;
        String digest = engine.card().digest();
        try {
            Optional<CanaryReference> kept = folder.find(digest, reading);
            if (kept.isEmpty() || !kept.get().current()) {
                calibrate(application, engine, reading, kept);
                return Optional.empty();
            }
            return kept.get()
                    .reading()
                    .difference(reading)
                    .map(where -> "it computes otherwise than the trusted run of "
                            + kept.get().madeAt() + ", at " + where
                            + ": check this machine's memory, then load the model anew");
        } catch (ArtifactException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    private void calibrate(
            String application, WatchedEngine engine, CanaryReading reading, Optional<CanaryReference> outdated)
            throws IOException {
        CanaryReference made = CanaryReference.of(engine.card().digest(), time.now(), reading);
        audit.commit(AuditEvent.of(
                        AuditKind.MODEL_CALIBRATE,
                        AuditEvent.SERVER,
                        application,
                        engine.card().name())
                .with("sha256:" + made.digest() + ", arithmetic "
                        + outdated.map(old -> old.arithmetic() + " before, now ")
                                .orElse("") + made.arithmetic()));
        folder.keep(made);
    }
}
