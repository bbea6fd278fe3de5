package dev.redoubt.cli;

import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.engine.Engine;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.trust.ModelStore;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;

/// What a server lends to the language models of its applications.
final class ServerModels extends StoredModels {
    private final AuditLog audit;
    private final RateLimiter limiter;
    private final ModelCanary canary;
    private final CanaryWatch watch;
    private final Optional<Shared> shared;

    /// The model that all applications have, by its name and how to wait for it.
    record Shared(String name, Supplier<Engine> loaded) {}

    ServerModels(
            ModelStore store,
            AuditLog audit,
            RateLimiter limiter,
            ModelCanary canary,
            CanaryWatch watch,
            Optional<Shared> shared) {
        super(store, shared.map(Shared::name));
        this.audit = audit;
        this.limiter = limiter;
        this.canary = canary;
        this.watch = watch;
        this.shared = shared;
    }

    @Override
    public void loaded(String application, Engine engine) throws RuntimeRefusal {
        try {
            MemoryLock.ofSystem().check(engine.runtime());
        } catch (Refusal swapped) {
            throw new RuntimeRefusal(String.valueOf(swapped.getMessage()), swapped);
        } catch (IOException e) {
            throw new RuntimeRefusal("whether the system swaps cannot be read: " + e.getMessage() + " (V2.2)", e);
        }
        audit.commit(AuditEvent.of(
                        AuditKind.MODEL_LOAD,
                        AuditEvent.SERVER,
                        application,
                        engine.card().name())
                .with("verified, sha256:" + engine.card().digest()));
        passed(application, engine);
        watch.add(application, engine, () -> {}); // its replica is found sick
    }

    /// V6.2: an update to a model that does not compute as it should is given up, and the version before goes on.
    private void passed(String application, Engine engine) throws RuntimeRefusal {
        String model = "model '" + engine.card().name() + "'";
        try {
            Optional<String> problem = canary.read(application, engine);
            if (problem.isPresent()) throw new RuntimeRefusal(model + ": " + problem.get() + " (V6.2)");
        } catch (IOException | ServeException e) {
            throw new RuntimeRefusal(model + " could not be checked: " + e.getMessage() + " (V6.2)", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new RuntimeRefusal(model + " was not checked, the server is closing (V6.2)", e);
        }
    }

    @Override
    public ModelCard sharedCard(String model) throws RuntimeRefusal {
        return shared(model).card();
    }

    @Override
    public Engine shared(String model) throws RuntimeRefusal {
        requireShared(model);
        return shared.orElseThrow().loaded().get();
    }

    @Override
    public TokenMeter reserve(String keyId, long tokens) {
        RateLimiter.Tokens taken = limiter.tokens(keyId);
        taken.reserve(tokens);
        return used -> {
            taken.use(used);
            taken.close();
        };
    }
}
