package dev.redoubt.cli;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ServableModel;
import dev.redoubt.engine.EmbeddingEngine;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.model.Encoders;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.Catalogue;
import dev.redoubt.trust.CatalogueEntry;
import dev.redoubt.trust.ModelPath;
import dev.redoubt.trust.ModelPull;
import dev.redoubt.trust.ModelStore;
import dev.redoubt.trust.StoreEntry;
import dev.redoubt.trust.VerifiedArtifact;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/// From what the user calls a model to a verified artifact: an entry of the store, a catalogue entry that is
/// fetched first, or a path.
final class LocalModels {
    /* For serving, nothing but the allow-list or a digest on the command line allows a model (V4.1); a path names bytes that
     * anybody may have put there. For commands on the user's own files a path is enough: who names it has it in hand. */
    private final Context context;
    private final ModelStore store;
    private final boolean serving;
    private final Optional<String> pinned; // of a path that is served

    /// For commands on the user's own files.
    LocalModels(Context context) {
        this(context, false, Optional.empty());
    }

    private LocalModels(Context context, boolean serving, Optional<String> pinned) {
        this.context = context;
        this.store = new ModelStore(context.home().models(), this::setAside);
        this.serving = serving;
        this.pinned = pinned;
    }

    /// For models that are served to others.
    ///
    /// @param digest that the files of a path must have, `sha256:` and hex
    static LocalModels serving(Context context, Optional<String> digest) {
        return new LocalModels(context, true, digest.map(LocalModels::hex));
    }

    /// The hex part of `sha256:HEX`.
    static String hex(String digest) {
        if (digest.matches("sha256:[0-9a-f]{64}")) return digest.substring(7);
        throw new CommandFailure(
                ExitCode.USAGE,
                "digest '" + digest
                        + "' is not sha256: and 64 lower-case hex digits: 'redoubt models verify' prints it");
    }

    ModelStore store() {
        return store;
    }

    /// @param nameOrPath a name wins over a file of the same name; `./NAME` is always the file
    VerifiedArtifact artifact(String nameOrPath) {
        if (isName(nameOrPath)) {
            Optional<CatalogueEntry> entry = Catalogue.find(nameOrPath);
            if (entry.isPresent() && !store.trust().isDistrusted(nameOrPath)) pull(entry.get());
            if (store.find(nameOrPath).isPresent()) return store.open(nameOrPath);
        }
        if (!serving) return ModelPath.open(existing(nameOrPath));
        Path path = find(nameOrPath)
                .orElseThrow(() -> new Refusal(List.of(Refusal.line(
                        "R1.7",
                        "model:" + nameOrPath.replaceAll("\\s", "_"),
                        "an entry of the store or the catalogue, or a file or folder with its digest",
                        "redoubt models list shows what there is"))));
        if (pinned.isPresent()) return store.openPinned(path, pinned.get());
        throw new Refusal(List.of(Refusal.line(
                "V4.1",
                "model:" + nameOrPath.replaceAll("\\s", "_"),
                "an entry of the allow-list, or a path with its digest: a path alone vouches for nothing",
                "redoubt models add " + nameOrPath + " --name NAME, then serve NAME; or --trust-digest sha256:HEX")));
    }

    /// An adapter to serve: of the store alone, where its base is stated.
    ///
    /// @throws Refusal if there is none of the name, or it is another one than was chosen
    VerifiedArtifact adapter(AdapterChoice choice) {
        if (!isName(choice.name()) || store.find(choice.name()).isEmpty())
            throw new Refusal(List.of(Refusal.line(
                    "R1.7",
                    "adapter:" + choice.name().replaceAll("\\s", "_"),
                    "an adapter of the store",
                    "redoubt models add PATH --name NAME --base MODEL")));
        VerifiedArtifact artifact = store.open(choice.name());
        try {
            choice.require(artifact);
            return artifact;
        } catch (RuntimeException e) {
            artifact.close();
            throw e;
        }
    }

    private void setAside(String name, String during, String rule) {
        context.refused(AuditEvent.of(AuditKind.MODEL_QUARANTINE, AuditEvent.OPERATOR, "", name)
                .refusedBy(Requirement.find(rule).orElseThrow())
                .with("set aside during " + during));
    }

    /// Fetches a catalogue entry and allows it, unless both was done before.
    StoreEntry pull(CatalogueEntry entry) {
        if (store.find(entry.name()).isPresent()
                && store.trust().find(entry.name()).isPresent()) return fetch(entry);
        return context.carryOut(
                AuditKind.MODEL_PULL, entry.name(), () -> fetch(entry), pulled -> "done, sha256:" + pulled.digest());
    }

    private StoreEntry fetch(CatalogueEntry entry) {
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
        return engine(artifact, List.of(), options);
    }

    /// The same with adapters, which stay the caller's.
    Engine engine(VerifiedArtifact artifact, List<VerifiedArtifact> adapters, EngineOptions options) {
        return Engine.open(artifact, adapters, options, TimeSource.system());
    }

    /// What serves the artifact: an engine that generates or one that embeds. It owns the artifact.
    ServableModel serving(VerifiedArtifact artifact, List<VerifiedArtifact> adapters, EngineOptions options) {
        return Encoders.encodes(artifact)
                ? EmbeddingEngine.open(artifact, options, TimeSource.system())
                : engine(artifact, adapters, options);
    }

    /// A path that the user named.
    static Path existing(String path) {
        return find(path)
                .orElseThrow(
                        () -> new CommandFailure(
                                ExitCode.NO_INPUT,
                                "model '" + path
                                        + "' is no entry of the store or the catalogue, and no file or folder: redoubt models list"));
    }

    private static Optional<Path> find(String path) {
        try {
            return Optional.of(Path.of(path)).filter(Files::exists);
        } catch (InvalidPathException e) {
            return Optional.empty();
        }
    }

    static boolean isName(String text) {
        return text.matches("[a-z0-9][a-z0-9._-]{0,63}");
    }
}
