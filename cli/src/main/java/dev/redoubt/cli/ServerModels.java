package dev.redoubt.cli;

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
    private final Optional<Shared> shared;

    /// The model that all applications have, by its name and how to wait for it.
    record Shared(String name, Supplier<Engine> loaded) {}

    ServerModels(ModelStore store, AuditLog audit, RateLimiter limiter, Optional<Shared> shared) {
        super(store, shared.map(Shared::name));
        this.audit = audit;
        this.limiter = limiter;
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
