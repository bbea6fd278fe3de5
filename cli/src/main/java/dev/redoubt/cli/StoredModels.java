package dev.redoubt.cli;

import dev.redoubt.runtime.llm.LlmHost;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.Optional;

/// Language models of deployments, as far as the store alone knows them.
abstract class StoredModels implements LlmHost {
    private final ModelStore store;
    private final Optional<String> served;

    StoredModels(ModelStore store, Optional<String> served) {
        this.store = store;
        this.served = served;
    }

    @Override
    public final VerifiedArtifact open(String model, Optional<String> digest) throws RuntimeRefusal {
        if (store.find(model).isEmpty())
            throw new RuntimeRefusal("model '" + model + "' is not in the store (V4.1): redoubt models pull " + model
                    + ", or models add a file under this name"
                    + digest.map(wanted -> "; wanted is sha256:" + wanted).orElse(""));
        VerifiedArtifact artifact = store.open(model);
        if (digest.isEmpty() || digest.get().equals(artifact.digest())) return artifact;
        String found = artifact.digest();
        artifact.close();
        throw new RuntimeRefusal("model '" + model + "' is sha256:" + found + ", wanted is sha256:" + digest.get()
                + ": deploy again to have this one, by its digest if the file states one,"
                + " or add the other one under another name and deploy that (V4.1)");
    }

    /// @throws RuntimeRefusal if the server's model is another one
    final void requireShared(String model) throws RuntimeRefusal {
        if (served.isEmpty())
            throw new RuntimeRefusal("engine: shared is the engine of the server's model, and this server has none:"
                    + " name it in the file's model section, or set engine: dedicated");
        if (!served.get().equals(model))
            throw new RuntimeRefusal("engine: shared is the engine of the server's model '" + served.get()
                    + "', not of '" + model + "': name that one, or set engine: dedicated");
    }
}
