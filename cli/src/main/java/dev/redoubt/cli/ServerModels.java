package dev.redoubt.cli;

import dev.redoubt.engine.Engine;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.runtime.llm.LlmHost;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;

/// What a server lends to the language models of its applications.
///
/// @param shared the model that all applications have, by its name and how to wait for it
record ServerModels(ModelStore store, AuditLog audit, RateLimiter limiter, Optional<Shared> shared) implements LlmHost {
    record Shared(String name, Supplier<Engine> loaded) {}

    @Override
    public VerifiedArtifact open(String model, Optional<String> digest) throws RuntimeRefusal {
        if (store.find(model).isEmpty())
            throw new RuntimeRefusal("model '" + model + "' is not in the store: redoubt models pull " + model
                    + ", or models add a file under this name");
        VerifiedArtifact artifact = store.open(model);
        if (digest.isEmpty() || digest.get().equals(artifact.digest())) return artifact;
        String found = artifact.digest();
        artifact.close();
        throw new RuntimeRefusal("model '" + model + "' is sha256:" + found + ", wanted is sha256:" + digest.get()
                + ": serve the model that was approved, or approve this one by its digest (V4.1)");
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
    public Engine shared(String model) throws RuntimeRefusal {
        if (shared.isEmpty())
            throw new RuntimeRefusal("engine: shared is the engine of the server's model, and this server has none:"
                    + " name it in the file's model section, or set engine: dedicated");
        if (!shared.get().name().equals(model))
            throw new RuntimeRefusal("engine: shared is the engine of the server's model '"
                    + shared.get().name() + "', not of '" + model + "': name that one, or set engine: dedicated");
        return shared.get().loaded().get();
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
