package dev.redoubt.cli;

import dev.redoubt.base.generation.ServableModel;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.WatchedEngine;
import dev.redoubt.engine.lora.AdapterPlan;
import dev.redoubt.engine.model.Encoders;
import dev.redoubt.engine.model.Models;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/// A start's line of work beside all others: verifies the server's model and its adapters, loads them, has the
/// model read its reference text.
record ModelLoader(CompletableFuture<Verified> verified, CompletableFuture<ServableModel> loaded) {
    /// What is served, before it is loaded; of an adapter that was loaded, name and digest may still be read.
    record Verified(VerifiedArtifact model, List<VerifiedArtifact> adapters) {}

    /// @param canaries awaited when the model is loaded
    static ModelLoader start(
            LocalModels models, ModelChoice model, EngineOptions engine, CompletableFuture<ModelCanary> canaries) {
        ModelLoader loader = new ModelLoader(new CompletableFuture<>(), new CompletableFuture<>());
        Thread.ofPlatform().name("load").start(() -> {
            List<VerifiedArtifact> adapters = new ArrayList<>();
            try {
                VerifiedArtifact artifact = models.artifact(model.name());
                for (AdapterChoice choice : model.adapters()) adapters.add(models.adapter(choice));
                refuseNamesakes(artifact, adapters);
                EngineOptions options = model.sizedFor(artifact, plans(artifact, adapters), engine);
                loader.verified.complete(new Verified(artifact, List.copyOf(adapters)));
                loader.loaded.complete(passed(canaries, models.serving(artifact, adapters, options)));
            } catch (Throwable e) {
                loader.verified.completeExceptionally(e);
                loader.loaded.completeExceptionally(e);
            } finally {
                adapters.forEach(VerifiedArtifact::close); // the engine has copies
            }
        });
        return loader;
    }

    private static void refuseNamesakes(VerifiedArtifact model, List<VerifiedArtifact> adapters) {
        Set<String> names = new HashSet<>(Set.of(model.name()));
        for (VerifiedArtifact adapter : adapters)
            if (!names.add(adapter.name()))
                throw new CommandFailure(
                        ExitCode.USAGE,
                        "adapter '" + adapter.name() + "' is given twice, or has the name of the model: give each"
                                + " name once");
    }

    /// Of the adapters, when all tensors of the model have been checked.
    private static List<AdapterPlan> plans(VerifiedArtifact artifact, List<VerifiedArtifact> adapters) {
        if (!Encoders.encodes(artifact)) return Models.describe(artifact, adapters);
        Encoders.describe(artifact);
        if (adapters.isEmpty()) return List.of();
        throw new CommandFailure(
                ExitCode.USAGE,
                "'" + artifact.name() + "' embeds texts, and adapters are for models that generate: serve it without");
    }

    /// The model, once it computes as it should (V6.2); else it is closed.
    private static ServableModel passed(CompletableFuture<ModelCanary> canaries, ServableModel model)
            throws IOException, InterruptedException {
        WatchedEngine engine = watched(model);
        try {
            Optional<String> problem = await(canaries).read("", engine);
            if (problem.isEmpty()) return model;
            throw new Refusal(
                    List.of(Refusal.line("V6.2", "model '" + engine.card().name() + "': " + problem.get())));
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            engine.close();
            throw e;
        }
    }

    Verified awaitVerified() {
        return await(verified);
    }

    ServableModel awaitLoaded() {
        return await(loaded);
    }

    /// @throws ArtifactException if it is no language model
    Engine awaitLanguage() {
        if (awaitLoaded() instanceof Engine engine) return engine;
        throw new ArtifactException("V4.3", "the server's model embeds texts and generates none: name another");
    }

    /// The start failed: what is still being loaded is closed when it is there.
    void discard() {
        loaded.thenAccept(ModelLoader::close);
    }

    /// Of either kind.
    static void close(ServableModel model) {
        watched(model).close();
    }

    /// The engine that a served model is.
    static WatchedEngine watched(ServableModel model) {
        if (model instanceof WatchedEngine engine) return engine;
        throw new IllegalStateException("a model of no kind that is served");
    }

    /// Waits; what the future failed with is thrown as it is.
    static <T> T await(CompletableFuture<T> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) throw cause;
            if (e.getCause() instanceof Error cause) throw cause;
            throw e;
        }
    }
}
