package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.engine.Engine;
import dev.redoubt.policy.Waiver;
import dev.redoubt.serve.control.GraphCheck;
import dev.redoubt.serve.control.SpecCheck;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.spec.Resources;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/// Holds the applications of a file against what a deploy would: rules, graph, times, and the room of this
/// machine.
/// No replica is started; a jar or a model is asked what it holds by a confined process that ends with its answer.
final class ApplicationCheck {
    private ApplicationCheck() {}

    /// @return what may not be meant, a line each
    /// @throws Refusal with everything that a deploy would refuse
    /// @throws IOException if there is no folder for temporary files
    static List<String> check(Context context, ServerConfig config) throws IOException {
        if (config.applications().isEmpty()) return List.of();
        Resources machine = Applications.machine();
        ModelStore store = LocalModels.serving(context, Optional.empty()).store();
        Path folder = Files.createTempDirectory("redoubt-check-"); // a server that runs has workers in the home's
        try (Runtimes runtimes = Runtimes.open(
                folder.resolve("workers"), context.home().nativeLibraries(), config.engine(), models(store, config))) {
            SpecCheck check = new SpecCheck(
                    runtimes.byKind(), new GraphCheck(config.edge().limits().requestTimeout()));
            SpecCheck.Findings found = check.findings(
                    config.applications(),
                    machine,
                    config.waivers().stream().map(Waiver::rule).collect(Collectors.toUnmodifiableSet()));
            if (!found.problems().isEmpty()) throw new Refusal(found.problems());
            return found.notes();
        } finally {
            DurableFiles.deleteTree(folder);
        }
    }

    /// The server's model is described as it will be, for those who will share it.
    private static StoredModels models(ModelStore store, ServerConfig config) {
        return new StoredModels(store, config.model().map(ModelChoice::name)) {
            @Override
            public ModelCard sharedCard(String model) throws RuntimeRefusal {
                requireShared(model);
                try (VerifiedArtifact artifact = open(model, Optional.empty())) {
                    return Engine.describe(artifact, config.engine(), TimeSource.system());
                }
            }

            @Override
            public void loaded(String application, Engine engine) {
                throw nothingStarts();
            }

            @Override
            public Engine shared(String model) {
                throw nothingStarts();
            }

            @Override
            public TokenMeter reserve(String keyId, long tokens) {
                throw nothingStarts();
            }
        };
    }

    private static IllegalStateException nothingStarts() {
        return new IllegalStateException("a check starts nothing");
    }
}
