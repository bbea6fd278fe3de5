package dev.redoubt.cli;

import dev.redoubt.base.TimeSource;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ServableModel;
import dev.redoubt.engine.Engine;
import dev.redoubt.gateway.AdminAddress;
import dev.redoubt.gateway.AdminOptions;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.gateway.HttpEdge;
import dev.redoubt.gateway.ModelRegistry;
import dev.redoubt.gateway.Served;
import dev.redoubt.policy.KeyStore;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.Waiver;
import dev.redoubt.policy.audit.AuditEvent;
import dev.redoubt.policy.audit.AuditKind;
import dev.redoubt.policy.audit.AuditLog;
import dev.redoubt.policy.limit.RateLimiter;
import dev.redoubt.serve.control.Absence;
import dev.redoubt.serve.control.Platform;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import dev.redoubt.trust.VerifiedArtifact;
import java.io.IOException;
import java.net.BindException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// A running server: keys, at most one engine, applications, one edge.
final class Server implements AutoCloseable {
    /* Start-up is three lines of work, because a start is what a user waits for:
     *   loader   verify the model, load it, have it read its reference text
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
    private final Optional<ServableModel> engine; // of either kind
    private final Applications applications;
    private final CanaryWatch watch;
    private final Optional<String> firstKey;
    private final Map<String, String> departures;

    private Server(
            AuditLog audit,
            KeyStore keys,
            RateLimiter limiter,
            HttpEdge edge,
            Optional<ServableModel> engine,
            Applications applications,
            CanaryWatch watch,
            Optional<String> firstKey,
            Map<String, String> departures) {
        this.audit = audit;
        this.keys = keys;
        this.limiter = limiter;
        this.edge = edge;
        this.engine = engine;
        this.applications = applications;
        this.watch = watch;
        this.firstKey = firstKey;
        this.departures = Map.copyOf(departures);
    }

    /// Returns when the first token can be asked for.
    ///
    /// @throws BindException if another process listens there
    static Server start(Context context, LocalModels models, ServerConfig config) throws IOException {
        StateFiles.check(context.home());
        AuditEvent start = AuditEvent.of(AuditKind.SERVER_START, AuditEvent.OPERATOR, "", StartLines.served(config));
        CompletableFuture<ModelCanary> canaries = new CompletableFuture<>(); // the loader waits for it
        Optional<ModelLoader> loader =
                config.model().map(model -> ModelLoader.start(models, model, config.engine(), canaries));
        Deque<AutoCloseable> opened = new ArrayDeque<>(); // in the order in which they are closed again
        AuditLog audit = AuditLog.open(context.home(), why -> LOG.error("{}", why.getMessage()));
        opened.push(audit);
        try {
            ModelCanary canary = new ModelCanary(CanaryFolder.open(context.home()), audit, TimeSource.system());
            canaries.complete(canary);
            CanaryWatch watch = new CanaryWatch(canary, config.canaryEvery(), TimeSource.system());
            opened.push(watch);
            CompletableFuture<Void> begun = // beside what follows: a user waits for a start
                    CompletableFuture.runAsync(() -> audit.commit(inForce(start, config)), Thread::startVirtualThread);
            CompletableFuture<RateLimiter> windows = // also beside it: a new file of them is written and flushed
                    CompletableFuture.supplyAsync(
                            () -> RateLimiter.open(
                                    context.home().limitWindows(), config.edge().rates(), TimeSource.system()),
                            Thread::startVirtualThread);
            opened.push(() -> windows.thenAccept(RateLimiter::close)
                    .exceptionally(_ -> null)
                    .join()); // half a file would hold everybody up for a minute of the next start
            KeyStore keys = KeyStore.open(context.home(), audit);
            opened.push(keys);
            new CallerKeys(keys.list(), config, context).require();
            RateLimiter limiter = ModelLoader.await(windows);
            Optional<ServerModels.Shared> shared = config.model()
                    .map(model -> new ServerModels.Shared(model.name(), loader.orElseThrow()::awaitLanguage));
            Applications applications = Applications.open(
                    context.home(),
                    config.waivers(),
                    config.engine(),
                    new ServerModels(models.store(), audit, limiter, canary, watch, shared),
                    audit);
            opened.push(applications);
            Map<String, String> departures = applications.want(config.applications());
            ModelLoader.await(begun); // workers start beside it, too
            if (loader.isPresent()) verified(loader.get(), audit);
            ModelRegistry registry = loader.isPresent() ? new ModelRegistry() : ModelRegistry.none();
            Served served = new Served(registry, Optional.of(applications.platform()));
            HttpEdge edge = listen(config, context, served, keys, limiter, audit);
            opened.push(edge);
            Optional<ServableModel> engine = loader.map(ModelLoader::awaitLoaded);
            engine.ifPresent(model -> offer(model, registry, watch));
            watch.start();
            applications.await();
            Optional<String> firstKey = firstKey(keys);
            audit.commit(start.with("done, on " + config.edge().host() + " port " + edge.port()));
            return new Server(audit, keys, limiter, edge, engine, applications, watch, firstKey, departures);
        } catch (IOException | RuntimeException | Error e) {
            canaries.completeExceptionally(e);
            loader.ifPresent(ModelLoader::discard);
            audit.note(start.with("failed"));
            close(opened, e);
            throw e;
        }
    }

    private static void offer(ServableModel model, ModelRegistry registry, CanaryWatch watch) {
        adapters(model).forEach(registry::register);
        registry.register(model);
        watch.add(
                "",
                ModelLoader.watched(model),
                () -> registry.withdraw(model.card().name()));
    }

    private static void verified(ModelLoader loader, AuditLog audit) throws IOException {
        ModelLoader.Verified verified = loader.awaitVerified();
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

    /// The name of the language model that callers of an application reach at `/v1`, if it is one; also of one that
    /// cannot be had now.
    Optional<String> model(String application) {
        Platform platform = applications.platform();
        return platform.model(application)
                .map(model -> model.card().name())
                .or(() -> platform.absence(application).flatMap(Absence::model));
    }

    /// Of the server's own model, where it has one.
    Optional<ServableModel> engine() {
        return engine;
    }

    /// Models that the server's engine computes beside its own.
    List<LanguageModel> adapters() {
        return engine.map(Server::adapters).orElse(List.of());
    }

    private static List<LanguageModel> adapters(ServableModel model) {
        return model instanceof Engine engine ? engine.adapters() : List.of();
    }

    /// The key that this start made, if it made one.
    Optional<String> firstKey() {
        return firstKey;
    }

    /// How applications are wanted otherwise than the file says, by name.
    Map<String, String> departures() {
        return departures;
    }

    /// Lets running requests end for a bounded time, then stops everything.
    @Override
    public void close() {
        edge.close();
        watch.close();
        applications.close();
        engine.ifPresent(ModelLoader::close);
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

    private static Optional<String> firstKey(KeyStore keys) {
        if (!keys.list().isEmpty()) return Optional.empty();
        return Optional.of(
                keys.create(FIRST_APPLICATION, Set.of(Scope.INFERENCE)).secret());
    }
}
