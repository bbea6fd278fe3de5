package dev.redoubt.runtime.llm;

import dev.redoubt.base.RuleRefusal;
import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.serve.language.Conversation;
import dev.redoubt.serve.language.Piece;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Outgoing;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.replica.Servant;
import dev.redoubt.serve.replica.ServantFactory;
import dev.redoubt.serve.schema.Binding;
import dev.redoubt.serve.schema.SchemaReader;
import dev.redoubt.serve.spec.DeploymentSpec;
import dev.redoubt.trust.ArtifactException;
import dev.redoubt.trust.VerifiedArtifact;
import java.util.List;
import java.util.Optional;

/// Runs language models: the runtime of kind `llm`. It takes a [Conversation] and streams [Piece]s; where it is an
/// ingress, its callers reach it at `/v1` by the name of its model. Safe for any thread.
///
/// Its settings are `model`, a name of the store, `digest`, which that must have ([#pinned] states it where nobody
/// has),
/// and `engine`: `dedicated`, where each replica is an engine with a pool, a loop, threads and cache keys of its own,
/// sized by the deployment's resources
/// (V1.2); or `shared`, where it is the server's own engine, which serves others too.
public final class LlmRuntime implements ServantFactory {
    public static final String KIND = "llm";

    /// What goes in and out of every deployment of this kind.
    record Types(Conversation input, Piece output) {
        static final Binding INPUT = binding("input");
        static final Binding OUTPUT = binding("output");

        private static Binding binding(String component) {
            for (var one : Types.class.getRecordComponents())
                if (one.getName().equals(component))
                    return SchemaReader.read(one.getAnnotatedType(), "the " + component + " of a language model");
            throw new IllegalStateException(component);
        }
    }

    private final LlmHost host;
    private final EngineOptions options;
    private final TimeSource time;

    /// @param options of every dedicated engine, but for its share of the machine
    /// @param time of the calls' deadlines
    public LlmRuntime(LlmHost host, EngineOptions options, TimeSource time) {
        this.host = host;
        this.options = options;
        this.time = time;
    }

    /// Opens and verifies the model; no weight is loaded.
    @Override
    public Interface describe(DeploymentSpec spec) throws RuntimeRefusal {
        LlmSettings settings = LlmSettings.of(spec);
        if (!spec.userConfig().equals(DeploymentSpec.NO_USER_CONFIG))
            throw new RuntimeRefusal(
                    spec.name() + " has a user configuration, and a language model takes none: remove it");
        ModelCard card;
        if (!settings.dedicated()) card = sharedCard(settings);
        else
            try (VerifiedArtifact artifact = open(spec, settings)) {
                card = Engine.describe(artifact, sized(spec, artifact), time);
            } catch (ArtifactException e) {
                throw RuntimeRefusal.of(spec.name(), e);
            }
        return new Interface(
                Types.INPUT.schema(), Types.OUTPUT.schema(), true, List.of(), List.of(), Optional.of(card));
    }

    /// A name of the store stands for other bytes when somebody adds them: the digest says which were deployed (V4.1).
    @Override
    public DeploymentSpec pinned(DeploymentSpec spec, Interface face) {
        String digest = face.language().orElseThrow().digest();
        return spec.with(spec.runtime().with(LlmSettings.DIGEST, "sha256:" + digest));
    }

    @Override
    public Optional<String> languageModel(DeploymentSpec spec) {
        return Optional.ofNullable(spec.runtime().settings().get("model"));
    }

    @Override
    public Servant start(String application, DeploymentSpec spec, String replicaId, Outgoing outgoing)
            throws RuntimeRefusal {
        LlmSettings settings = LlmSettings.of(spec);
        if (settings.digest().isEmpty()) // of an older Redoubt, when the store did not have it
        throw new RuntimeRefusal(spec.name() + ": which bytes the model '" + settings.model()
                + "' has was not known when this version was deployed: deploy it again (V4.1)");
        String place = application + "/" + spec.name();
        if (!settings.dedicated())
            return new LlmServant(place, shared(settings), LlmServant.Hold.SHARED, host, options.limits());
        Engine engine = dedicated(spec, settings);
        try {
            host.loaded(application, engine);
        } catch (RuntimeRefusal | RuntimeException e) {
            engine.close();
            throw e;
        }
        return new LlmServant(place, engine, LlmServant.Hold.OWN, host, options.limits());
    }

    private Engine dedicated(DeploymentSpec spec, LlmSettings settings) throws RuntimeRefusal {
        VerifiedArtifact artifact = open(spec, settings);
        EngineOptions sized;
        try {
            sized = sized(spec, artifact);
        } catch (RuntimeRefusal e) {
            artifact.close();
            throw e;
        }
        try {
            return Engine.open(
                    artifact, sized, spec.each().memoryBytes(), time); // owns the artifact, also when it throws
        } catch (RuleRefusal e) {
            throw RuntimeRefusal.of(spec.name(), e);
        }
    }

    private VerifiedArtifact open(DeploymentSpec spec, LlmSettings settings) throws RuntimeRefusal {
        try {
            return host.open(settings.model(), settings.digest());
        } catch (ArtifactException e) {
            throw RuntimeRefusal.of(spec.name(), e);
        }
    }

    private ModelCard sharedCard(LlmSettings settings) throws RuntimeRefusal {
        ModelCard card = host.sharedCard(settings.model());
        if (settings.digest().isPresent() && !settings.digest().get().equals(card.digest()))
            throw new RuntimeRefusal("the server's model " + settings.model() + " is sha256:" + card.digest()
                    + ", wanted is sha256:" + settings.digest().get()
                    + ": deploy again to have this one, by its digest if the file states one, or set engine: dedicated"
                    + " (V4.1)");
        return card;
    }

    private Engine shared(LlmSettings settings) throws RuntimeRefusal {
        ModelCard ignored = sharedCard(settings); // or it is refused
        return host.shared(settings.model());
    }

    /// Weights, activations and KV pool together are what a replica may take (R4.2): whether the weights alone
    /// are too much is known before they are loaded, the rest when the engine knows it to the byte.
    private EngineOptions sized(DeploymentSpec spec, VerifiedArtifact artifact) throws RuntimeRefusal {
        long left = spec.each().memoryBytes() - artifact.tensorBytes();
        if (left <= 0)
            throw new RuntimeRefusal(spec.name() + ": a replica may take "
                    + spec.each().memoryBytes() + " bytes of memory, the weights alone have " + artifact.tensorBytes()
                    + ": raise memory (R4.2)");
        int threads = Math.max(1, (int) spec.each().cpus());
        // The router counts a call out a moment before the engine does.
        return options.sized(threads, 2 * spec.ongoingMax(), left);
    }
}
