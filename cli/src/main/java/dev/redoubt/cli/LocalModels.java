package dev.redoubt.cli;

import dev.redoubt.base.TimeSource;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.VerifiedArtifact;

/// From what the user calls a model to a verified artifact: an entry of the store, a catalogue entry that is fetched first, or a path.
final class LocalModels {
    private final Context context;

    LocalModels(Context context) {
        this.context = context;
    }

    /// @param nameOrPath a name of the store or the catalogue; anything with a separator, and what is no such name, is a path
    VerifiedArtifact artifact(String nameOrPath) {
        return new ModelStore(context.home().models()).open(nameOrPath);
    }

    /// An engine for one command.
    Engine engine(ModelOptions model, EngineOptions options) {
        return engine(artifact(model.model()), options);
    }

    /// As [#engine(ModelOptions, EngineOptions)]; the engine owns the artifact.
    Engine engine(VerifiedArtifact artifact, EngineOptions options) {
        return Engine.open(artifact, options, TimeSource.system());
    }
}
