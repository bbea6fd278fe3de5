package dev.redoubt.cli;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.lora.AdapterPlan;
import dev.redoubt.engine.model.Models;
import dev.redoubt.gateway.AdminAddress;
import dev.redoubt.gateway.AdminOptions;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.gateway.HttpEdge;
import dev.redoubt.gateway.ModelRegistry;
import dev.redoubt.gateway.Served;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.KeyStore.KeyState;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.Waiver;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.net.BindException;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A running server: keys, at most one engine, applications, one edge.
final class Server implements AutoCloseable {
    /* Start-up is three lines of work, because a start is what a user waits for:
     *   loader   verify the model, then load it
     *   caller   open the keys, wait until the model is verified, listen
     *   audit    write down what starts, by which configuration
     * Nothing listens before that is on disk and the model's bytes and tensors are known to be good, and where the host swaps not
     * before it is loaded and locked; the first key is made last, so that the window in which a crash could lose it unseen is as
     * small as it can be. */
    private static final Logger LOG = LoggerFactory.getLogger(Server.class);
    /// Whose the key is that a first start makes.
    static final String FIRST_APPLICATION = "local";

    private final AuditLog audit;
    private final KeyStore keys;
    private final RateLimiter limiter;
    private final HttpEdge edge;
    private final Optional<Engine> engine;
    private final Applications applications;
    private final Optional<String> firstKey;

    private Server(
            AuditLog audit,
            KeyStore keys,
            RateLimiter limiter,
            HttpEdge edge,
            Optional<Engine> engine,
            Applications applications,
            Optional<String> firstKey) {
        this.audit = audit;
        this.keys = keys;
        this.limiter = limiter;
        this.edge = edge;
        this.engine = engine;
        this.applications = applications;
        this.firstKey = firstKey;
    }

    /// Returns when the first token can be asked for.
    ///
    /// @throws BindException if another process listens there
    static Server start(Context context, LocalModels models, ServerConfig config) throws IOException {
        StateFiles.check(context.home());
        AuditEvent start = AuditEvent.of(AuditKind.SERVER_START, AuditEvent.OPERATOR, "", StartLines.served(config));
        Optional<Loader> loader = config.model().map(model -> Loader.start(models, model, config.engine()));
        Deque<AutoCloseable> opened = new ArrayDeque<>(); // in the order in which they are closed again
        AuditLog audit = AuditLog.open(context.home(), why -> LOG.error("{}", why.getMessage()));
        opened.push(audit);
        try {
            CompletableFuture<Void> begun = // beside what follows: a user waits for a start
                    CompletableFuture.runAsync(() -> audit.commit(inForce(start, config)), Thread::startVirtualThread);
            KeyStore keys = KeyStore.open(context.home(), audit);
            opened.push(keys);
            refuseWithoutKeys(keys, config, context);
            RateLimiter limiter = RateLimiter.open(
                    context.home().limitWindows(), config.edge().rates(), TimeSource.system());
            opened.push(limiter);
            Loader.await(begun);
            Optional<ServerModels.Shared> shared = config.model()
                    .map(model -> new ServerModels.Shared(model.name(), loader.orElseThrow()::awaitLoaded));
            Applications applications = Applications.open(
                    context.home(),
                    config.waivers(),
                    config.engine(),
                    new ServerModels(models.store(), audit, limiter, shared),
                    audit);
            opened.push(applications);
            applications.want(config.applications());
            if (loader.isPresent()) verified(loader.get(), audit);
            ModelRegistry registry = loader.isPresent() ? new ModelRegistry() : ModelRegistry.none();
            Served served = new Served(registry, Optional.of(applications.platform()));
            HttpEdge edge = listen(config, context, served, keys, limiter, audit);
            opened.push(edge);
            Optional<Engine> engine = loader.map(Loader::awaitLoaded);
            engine.ifPresent(one -> {
                one.adapters().forEach(registry::register);
                registry.register(one);
            });
            applications.await();
            Optional<String> firstKey = firstKey(keys);
            audit.commit(start.with("done, on " + config.edge().host() + " port " + edge.port()));
            return new Server(audit, keys, limiter, edge, engine, applications, firstKey);
        } catch (IOException | RuntimeException | Error e) {
            loader.ifPresent(Loader::discard);
            audit.note(start.with("failed"));
            close(opened, e);
            throw e;
        }
    }

    private static void verified(Loader loader, AuditLog audit) throws IOException {
        Verified verified = loader.awaitVerified();
        List<AuditEvent> events = new ArrayList<>();
        VerifiedArtifact model = verified.model();
        events.add(AuditEvent.of(AuditKind.MODEL_LOAD, AuditEvent.SERVER, "", model.name())
                .with("verified, sha256:" + model.digest()));
        for (VerifiedArtifact adapter : verified.adapters())
            events.add(AuditEvent.of(AuditKind.MODEL_LOAD, AuditEvent.SERVER, "", adapter.name())
                    .with("verified, sha256:" + adapter.digest() + ", adapter of " + model.name()));
        audit.commit(events);
        MemoryLock memory = MemoryLock.ofSystem();
        // Where the host swaps the pool is locked before anything listens, or nothing does (V2.2).
        if (!memory.swapsInUse().isEmpty()) memory.check(loader.awaitLoaded().runtime());
    }

    /// What a start begins with: that it does, by which configuration, and each waiver in it.
    private static List<AuditEvent> inForce(AuditEvent start, ServerConfig config) {
        List<AuditEvent> events = new ArrayList<>();
        events.add(start);
        events.add(AuditEvent.of(AuditKind.CONFIGURATION, AuditEvent.OPERATOR, "", config.fingerprint())
                .with("in force"));
        for (Waiver waiver : config.waivers())
            events.add(AuditEvent.of(
                            AuditKind.WAIVER,
                            AuditEvent.OPERATOR,
                            "",
                            waiver.rule().id())
                    .with("until " + waiver.expires() + ": " + waiver.reason()));
        return events;
    }

    private static void close(Deque<AutoCloseable> opened, Throwable why) {
        for (AutoCloseable each : opened) {
            try {
                each.close();
            } catch (Exception e) {
                why.addSuppressed(e);
            }
        }
    }

    /// The port it listens on.
    int port() {
        return edge.port();
    }

    /// The port of gRPC, where the configuration names one.
    int grpcPort() {
        return edge.grpcPort();
    }

    /// The port of administration, where the configuration names one.
    int adminPort() {
        return edge.adminPort();
    }

    /// As they stand now.
    List<ApplicationStatus> applications() {
        return applications.platform().status().applications();
    }

    /// The language model that callers of an application reach at `/v1`, if it is one.
    Optional<LanguageModel> model(String application) {
        return applications.platform().model(application);
    }

    /// Of the model, where one is served.
    Optional<Engine> engine() {
        return engine;
    }

    /// The key that this start made, if it made one.
    Optional<String> firstKey() {
        return firstKey;
    }

    /// Lets running requests end for a bounded time, then stops everything.
    @Override
    public void close() {
        edge.close();
        applications.close();
        engine.ifPresent(Engine::close);
        limiter.close();
        keys.close();
        audit.note(AuditEvent.of(AuditKind.SERVER_STOP, AuditEvent.OPERATOR, "", "")
                .with("done"));
        audit.close();
    }

    private static HttpEdge listen(
            ServerConfig config, Context context, Served served, KeyStore keys, RateLimiter limiter, AuditLog audit)
            throws IOException {
        EdgeOptions options = config.edge();
        AdminAddress address = config.admin()
                .<AdminAddress>map(port -> port)
                .orElse(new AdminAddress.UnixSocket(context.home().adminSocket()));
        AdminOptions admin = new AdminOptions(address, VersionCommand.version(), config.waivers());
        try {
            return HttpEdge.start(options, Optional.of(admin), served, keys, limiter, audit, TimeSource.system());
        } catch (BindException e) {
            throw new CommandFailure(
                    ExitCode.ADDRESS_IN_USE,
                    "port " + options.port()
                            + (options.protocols().grpcPort().isPresent()
                                    ? " or " + options.protocols().grpcPort().getAsInt()
                                    : "")
                            + " of " + options.host()
                            + " is in use: stop what listens there or take another --port (0 picks a free one)");
        }
    }

    /// R4.3: nobody could be let in, or the first start listens where others can reach it. A first start on
    /// loopback
    /// makes
    /// a key instead.
    private static void refuseWithoutKeys(KeyStore keys, ServerConfig config, Context context) {
        List<KeyStore.KeyRecord> all = keys.list();
        Instant now = Instant.now();
        Predicate<String> served = application -> config.edge()
                .applications()
                .map(some -> some.contains(application))
                .orElse(true);
        boolean first = all.isEmpty() && Loopback.is(config.edge().host()) && served.test(FIRST_APPLICATION);
        if (!first
                && all.stream().noneMatch(key -> key.state(now) == KeyState.ACTIVE && served.test(key.application())))
            throw new Refusal(List.of(Refusal.line(
                    "R4.3",
                    "keys:0",
                    "at least one active key",
                    context.program() + " keys create --application local --scopes inference")));
    }

    private static Optional<String> firstKey(KeyStore keys) {
        if (!keys.list().isEmpty()) return Optional.empty();
        return Optional.of(
                keys.create(FIRST_APPLICATION, Set.of(Scope.INFERENCE)).secret());
    }

    /// What is served, before it is loaded; of an adapter that was loaded, name and digest may still be read.
    private record Verified(VerifiedArtifact model, List<VerifiedArtifact> adapters) {}

    /// The loader's line of work.
    private record Loader(CompletableFuture<Verified> verified, CompletableFuture<Engine> loaded) {
        static Loader start(LocalModels models, ModelChoice model, EngineOptions engine) {
            Loader loader = new Loader(new CompletableFuture<>(), new CompletableFuture<>());
            Thread.ofPlatform().name("load").start(() -> {
                List<VerifiedArtifact> adapters = new ArrayList<>();
                try {
                    VerifiedArtifact artifact = models.artifact(model.name());
                    for (AdapterChoice choice : model.adapters()) adapters.add(models.adapter(choice));
                    refuseNamesakes(artifact, adapters);
                    List<AdapterPlan> plans = Models.describe(artifact, adapters);
                    EngineOptions options = model.sizedFor(artifact, plans, engine);
                    loader.verified.complete(new Verified(artifact, List.copyOf(adapters)));
                    loader.loaded.complete(models.engine(artifact, adapters, options));
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

        Verified awaitVerified() {
            return await(verified);
        }

        Engine awaitLoaded() {
            return await(loaded);
        }

        /// The start failed: what is still being loaded is closed when it is there.
        void discard() {
            loaded.thenAccept(Engine::close);
        }

        private static <T> T await(CompletableFuture<T> future) {
            try {
                return future.join();
            } catch (CompletionException e) {
                if (e.getCause() instanceof RuntimeException cause) throw cause;
                if (e.getCause() instanceof Error cause) throw cause;
                throw e;
            }
        }
    }
}
