package dev.redoubt.cli;

import dev.redoubt.base.TimeSource;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.Catalogue;
import dev.redoubt.trust.CatalogueEntry;
import dev.redoubt.trust.ModelPull;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.StoreEntry;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/// From what the user calls a model to a verified artifact: an entry of the store, a catalogue entry that is
/// fetched first, or a path.
final class LocalModels {
    private final Context context;
    private final ModelStore store;

    LocalModels(Context context) {
        this.context = context;
        this.store = new ModelStore(context.home().models());
    }

    ModelStore store() {
        return store;
    }

    /// @param nameOrPath a name wins over a file of the same name; `./NAME` is always the file
    VerifiedArtifact artifact(String nameOrPath) {
        if (isName(nameOrPath)) {
            if (store.find(nameOrPath).isPresent()) return store.open(nameOrPath);
            Optional<CatalogueEntry> entry = Catalogue.find(nameOrPath);
            if (entry.isPresent()) return store.open(pull(entry.get()).name());
        }
        return ModelStore.openPath(existing(nameOrPath));
    }

    /// Fetches a catalogue entry, unless the store has it.
    StoreEntry pull(CatalogueEntry entry) {
        PullDisplay display = new PullDisplay(context.console(), entry.name());
        ModelPull pull = new ModelPull(store, context.home().root().resolve("import"), System.getenv());
        try {
            return pull.pull(entry, display);
        } catch (ArtifactException e) {
            throw new CommandFailure(ExitCode.UNAVAILABLE, String.valueOf(e.getMessage()));
        } finally {
            display.end();
        }
    }

    /// An engine for one command.
    Engine engine(ModelOptions model, EngineOptions options) {
        return engine(artifact(model.model()), options);
    }

    /// As [#engine(ModelOptions, EngineOptions)]; the engine owns the artifact.
    Engine engine(VerifiedArtifact artifact, EngineOptions options) {
        return Engine.open(artifact, options, TimeSource.system());
    }

    /// A path that the user named.
    static Path existing(String path) {
        try {
            Path file = Path.of(path);
            if (Files.exists(file)) return file;
        } catch (InvalidPathException e) {
            // said below
        }
        throw new CommandFailure(
                ExitCode.NO_INPUT,
                "model '" + path
                        + "' is no entry of the store or the catalogue, and no file or folder: redoubt models list");
    }

    private static boolean isName(String text) {
        return text.matches("[a-z0-9][a-z0-9._-]{0,63}");
    }
}
