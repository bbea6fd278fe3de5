package dev.redoubt.cli;

import dev.redoubt.base.Requirement;
import dev.redoubt.base.config.ConfigProblem;
import dev.redoubt.base.config.Secret;
import dev.redoubt.base.config.Section;
import dev.redoubt.base.config.SectionValues;
import dev.redoubt.base.config.Setting;
import dev.redoubt.base.config.SettingType;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.cli.ServerFile.Bound;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.engine.PrefixSharing;
import dev.redoubt.gateway.AdminAddress;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.gateway.EdgeOptions.Protocols;
import dev.redoubt.gateway.RoutePolicies;
import dev.redoubt.gateway.TlsOptions;
import dev.redoubt.kernels.KvFormat;
import dev.redoubt.policy.Principal;
import dev.redoubt.policy.Scope;
import dev.redoubt.policy.Waiver;
import dev.redoubt.policy.limit.RateLimits;
import dev.redoubt.policy.screen.ScreenMode;
import dev.redoubt.policy.screen.ScreenRules;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;

/// Reads a configuration file and holds it against the rules. Everything that is wrong is said at once; nothing
/// is started, made or opened but the files that it names.
final class ServerConfigReader {
    private final Path file;
    private final Path folder;
    private final LocalDate today;
    private final List<String> refusals = new ArrayList<>();

    private ServerConfigReader(Path file, LocalDate today) {
        this.file = file;
        this.folder = Objects.requireNonNull(file.toAbsolutePath().getParent());
        this.today = today;
    }

    /// @param today for waivers that expire
    /// @throws Refusal with every problem, by line
    /// @throws IOException if the file cannot be read
    static ServerConfig read(Path file, LocalDate today) throws IOException {
        return new ServerConfigReader(file, today).read();
    }

    private ServerConfig read() throws IOException {
        byte[] text = Section.bytes(file);
        return switch (ServerFile.FILE.readBytes(text)) {
            case Section.Outcome.Bad(List<ConfigProblem> problems) ->
                throw new Refusal(problems.stream().map(this::line).toList());
            case Section.Outcome.Good(SectionValues values) -> {
                List<Waiver> waivers = waivers(values);
                checkBounds(values, waivers);
                ServerConfig config = config(values, waivers, ServerConfig.fingerprint(text));
                if (!refusals.isEmpty()) throw new Refusal(refusals);
                yield config;
            }
        };
    }

    private String line(ConfigProblem problem) {
        String place = file + ":" + problem.line();
        return problem.rule()
                .map(rule -> Refusal.line(rule.id(), place + ": " + problem.message()))
                .orElse(place + ": " + problem.message());
    }

    private void refuse(Requirement rule, String found, String allowed, String fix) {
        refusals.add(Refusal.line(rule.id(), found, allowed, fix));
    }

    private List<Waiver> waivers(SectionValues values) {
        List<Waiver> waivers = new ArrayList<>();
        for (SectionValues one : values.get(ServerFile.WAIVERS)) {
            Waiver waiver = new Waiver(
                    Requirement.find(one.get(ServerFile.WAIVER_RULE)).orElseThrow(),
                    one.get(ServerFile.WAIVER_REASON),
                    one.get(ServerFile.WAIVER_EXPIRES));
            if (waiver.counts(today)) waivers.add(waiver);
            else
                refuse(
                        waiver.rule(),
                        "waivers:expired-" + waiver.expires(),
                        "a day from " + today + " on",
                        "renew the waiver in line " + one.line(ServerFile.WAIVER_EXPIRES) + " or remove it");
        }
        return waivers;
    }

    private void checkBounds(SectionValues values, List<Waiver> waivers) {
        for (Bound<?> bound : ServerFile.BOUNDS)
            values.find(bound.section()).ifPresent(section -> checkBound(section, bound, waivers));
        SectionValues engine = values.get(ServerFile.ENGINE_SETTING);
        if (engine.get(ServerFile.PREFIX_CACHE).equals("tenant") && !waived(Requirement.V1_1, waivers))
            refuse(
                    Requirement.V1_1,
                    "engine.prefix-cache:tenant",
                    "off or principal",
                    "set principal, or add a waiver of V1.1");
    }

    private <T extends Comparable<T>> void checkBound(SectionValues section, Bound<T> bound, List<Waiver> waivers) {
        T value = section.get(bound.setting());
        if (value.compareTo(bound.most()) <= 0 || waived(bound.rule(), waivers)) return;
        String most = bound.most() instanceof Duration duration
                ? SettingType.shown(duration)
                : bound.most().toString();
        String found = value instanceof Duration duration ? SettingType.shown(duration) : value.toString();
        refuse(
                bound.rule(),
                bound.path() + ":" + found,
                "at most " + most,
                "lower it in line " + section.line(bound.setting()) + ", or add a waiver of "
                        + bound.rule().id());
    }

    private static boolean waived(Requirement rule, List<Waiver> waivers) {
        return waivers.stream().anyMatch(waiver -> waiver.rule() == rule);
    }

    private ServerConfig config(SectionValues values, List<Waiver> waivers, String fingerprint) {
        Optional<SectionValues> model = values.find(ServerFile.MODEL_SETTING);
        List<ApplicationSpec> applications = new ApplicationSettings(folder, this::problem)
                .specs(values.find(ServerFile.APPLICATIONS).orElse(List.of()));
        if (model.isEmpty() && applications.isEmpty())
            refuse(
                    Requirement.R1_1,
                    "model:missing",
                    "a model, or applications with deployments",
                    "state what is served, and what it may take: model: {name, cpu, memory, max-ongoing-requests}");
        RequestLimits limits = limits(values.get(ServerFile.LIMITS_SETTING));
        EngineOptions engine = engine(values.get(ServerFile.ENGINE_SETTING), model, limits);
        return new ServerConfig(
                model.map(this::choice),
                engine,
                edge(values, limits, waivers),
                applications,
                admin(values.get(ServerFile.ADMIN_SETTING)),
                List.copyOf(waivers),
                values.get(ServerFile.ENGINE_SETTING).get(ServerFile.CANARY_EVERY),
                fingerprint);
    }

    private ModelChoice choice(SectionValues model) {
        List<AdapterChoice> adapters = new ArrayList<>();
        Set<String> names = new HashSet<>(Set.of(model.get(ServerFile.MODEL_NAME)));
        for (SectionValues adapter : model.get(ServerFile.MODEL_ADAPTERS)) {
            String name = adapter.get(ServerFile.ADAPTER_NAME);
            if (!names.add(name))
                problem(
                        adapter.line(ServerFile.ADAPTER_NAME),
                        "'model.adapters' has '" + name + "' twice, or it is the model: give each name once");
            adapters.add(new AdapterChoice(
                    name, adapter.find(ServerFile.ADAPTER_DIGEST).map(digest -> digest.substring("sha256:".length()))));
        }
        return new ModelChoice(
                model.get(ServerFile.MODEL_NAME),
                model.find(ServerFile.MODEL_DIGEST).map(digest -> digest.substring("sha256:".length())),
                OptionalLong.of(model.get(ServerFile.MODEL_MEMORY)),
                List.copyOf(adapters));
    }

    private RequestLimits limits(SectionValues limits) {
        RequestLimits defaults = RequestLimits.DEFAULT;
        int tokensMax = limits.get(ServerFile.MAX_TOKENS);
        boolean given = limits.has(ServerFile.DEFAULT_MAX_TOKENS);
        int tokensDefault = limits.get(ServerFile.DEFAULT_MAX_TOKENS);
        if (given && tokensDefault > tokensMax)
            problem(
                    limits.line(ServerFile.DEFAULT_MAX_TOKENS),
                    "'limits.default-max-tokens' is " + tokensDefault + ", allowed is 1 to " + tokensMax
                            + ", which is limits.max-tokens");
        return new RequestLimits(
                limits.get(ServerFile.CODE_POINTS),
                tokensMax,
                Math.min(tokensDefault, tokensMax),
                defaults.temperatureMax(),
                defaults.temperatureDefault(),
                defaults.choicesMax(),
                limits.get(ServerFile.PROMPTS),
                defaults.stopStringsMax(),
                defaults.stopStringLengthMax(),
                defaults.stopTokenIdsMax(),
                defaults.logitBiasMax(),
                defaults.logprobsMax(),
                limits.get(ServerFile.BODY_BYTES),
                limits.get(ServerFile.REQUEST_TIMEOUT));
    }

    private EngineOptions engine(SectionValues engine, Optional<SectionValues> model, RequestLimits limits) {
        EngineOptions defaults = EngineOptions.defaults(
                model.map(values -> values.get(ServerFile.MODEL_CPU)).orElse(1));
        int ongoingMax =
                model.map(values -> values.get(ServerFile.MODEL_ONGOING)).orElse(defaults.ongoingMax());
        int sequences = Math.min(engine.get(ServerFile.SEQUENCES), ongoingMax);
        int tokens = engine.get(ServerFile.BATCHED_TOKENS);
        if (tokens < sequences)
            problem(
                    engine.line(ServerFile.BATCHED_TOKENS),
                    "'engine.max-num-batched-tokens' is " + tokens + ", allowed is " + sequences
                            + " or more: a step holds a token of each of engine.max-num-seqs");
        return new EngineOptions(
                engine.get(ServerFile.KERNELS),
                defaults.threads(),
                engine.get(ServerFile.MODEL_LEN),
                sequences,
                Math.max(tokens, sequences),
                Math.min(defaults.prefillTokensMax(), Math.max(tokens, sequences)),
                ongoingMax,
                engine.get(ServerFile.UTILIZATION),
                KvFormat.valueOf(engine.get(ServerFile.KV_TYPE).toUpperCase(Locale.ROOT)),
                OptionalLong.empty(),
                PrefixSharing.valueOf(engine.get(ServerFile.PREFIX_CACHE).toUpperCase(Locale.ROOT)),
                engine.get(ServerFile.SPECULATIVE).equals("ngram"),
                limits);
    }

    private EdgeOptions edge(SectionValues values, RequestLimits limits, List<Waiver> waivers) {
        SectionValues http = values.get(ServerFile.HTTP_SETTING);
        String host = http.get(ServerFile.HOST);
        Optional<TlsOptions> tls = http.find(ServerFile.HTTP_TLS).map(section -> tls(section, waivers));
        if (tls.isEmpty() && !Loopback.is(host)) refusals.add(Refusal.beyondLoopback(host));
        RateLimits rates = rates(values.get(ServerFile.LIMITS_SETTING));
        return new EdgeOptions(
                host,
                http.get(ServerFile.PORT),
                limits,
                rates,
                values.find(ServerFile.APPLICATIONS).map(ApplicationSettings::names),
                policies(values),
                tls,
                protocols(http));
    }

    private Protocols protocols(SectionValues http) {
        Optional<Integer> grpc = http.find(ServerFile.GRPC_PORT);
        if (grpc.isPresent() && grpc.get() != 0 && grpc.get().equals(http.get(ServerFile.PORT)))
            problem(
                    http.line(ServerFile.GRPC_PORT),
                    "'http.grpc-port' is " + grpc.get() + ", which is http.port too: take another");
        return new Protocols(
                http.get(ServerFile.WEBSOCKET_ORIGIN).equals("same"),
                grpc.map(OptionalInt::of).orElse(OptionalInt.empty()));
    }

    private Optional<AdminAddress.LoopbackPort> admin(SectionValues admin) {
        String listen = admin.get(ServerFile.ADMIN_LISTEN);
        if (listen.equals("unix")) return Optional.empty();
        int colon = listen.lastIndexOf(':');
        String host =
                listen.substring(0, colon).replace("localhost", "127.0.0.1").replaceAll("[\\[\\]]", "");
        int port = Integer.parseInt(listen.substring(colon + 1));
        if (port > 65_535)
            problem(
                    admin.line(ServerFile.ADMIN_LISTEN),
                    "'admin.listen' has port " + port + ", allowed is 0 to 65535: take another");
        else if (Loopback.is(host)) return Optional.of(new AdminAddress.LoopbackPort(host, port));
        else
            refuse(
                    Requirement.V5_5,
                    "admin.listen:" + listen,
                    "unix, or a port of loopback",
                    "reach it through ssh, or leave it out in line " + admin.line(ServerFile.ADMIN_LISTEN));
        return Optional.empty();
    }

    private RoutePolicies policies(SectionValues values) {
        SectionValues stops = values.get(ServerFile.STOPS_SETTING);
        List<String> completions = stops.get(ServerFile.COMPLETION_STOPS);
        SectionValues screen = values.get(ServerFile.SCREEN_SETTING);
        ScreenRules rules = new ScreenRules(
                screenMode(screen.get(ServerFile.CHAT_SCREEN)),
                screenMode(screen.get(ServerFile.COMPLETIONS_SCREEN)),
                screen.get(ServerFile.SCREEN_PATTERNS));
        if (!completions.isEmpty()) return new RoutePolicies(completions, rules);
        refuse(
                Requirement.V1_5,
                "stops.completions:empty",
                "1 to " + ServerFile.ROUTE_STOPS_MAX + " strings",
                "name yours in line " + stops.line(ServerFile.COMPLETION_STOPS)
                        + ", or leave it out for those of the rule");
        return RoutePolicies.DEFAULT;
    }

    private static ScreenMode screenMode(String written) {
        return ScreenMode.valueOf(written.toUpperCase(Locale.ROOT));
    }

    private static RateLimits rates(SectionValues limits) {
        RateLimits defaults = RateLimits.DEFAULT;
        return new RateLimits(
                limits.get(ServerFile.REQUESTS_PER_MINUTE),
                limits.get(ServerFile.TOKENS_PER_MINUTE),
                limits.get(ServerFile.STREAMS_PER_KEY),
                limits.get(ServerFile.STREAMS_PER_APPLICATION),
                limits.get(ServerFile.REQUESTS_IN_PROGRESS),
                defaults.readsPerMinute(),
                defaults.failuresPerMinute());
    }

    private TlsOptions tls(SectionValues tls, List<Waiver> waivers) {
        List<String> versions = tls.get(ServerFile.TLS_VERSIONS);
        if (versions.isEmpty()) problem(tls.line(ServerFile.TLS_VERSIONS), "'http.tls.versions' is empty: write [1.3]");
        if (versions.contains("1.2") && !waived(Requirement.R1_2, waivers))
            refuse(Requirement.R1_2, "http.tls.versions:1.2", "1.3", "leave 1.2 out, or add a waiver of R1.2");
        Map<String, Principal> clients = new HashMap<>();
        for (SectionValues client : tls.get(ServerFile.CLIENT_CERTIFICATES)) {
            String fingerprint = client.get(ServerFile.FINGERPRINT);
            Set<Scope> scopes = client.get(ServerFile.CERTIFICATE_SCOPES).stream()
                    .map(scope -> Scope.ofWire(scope).orElseThrow())
                    .collect(Collectors.toSet());
            // of the same form as a key's: whatever counts keys counts this one too
            String id = "key_" + fingerprint.substring("sha256:".length(), "sha256:".length() + 16);
            Principal holder = new Principal(id, client.get(ServerFile.CERTIFICATE_APPLICATION), scopes);
            if (clients.put(fingerprint, holder) != null)
                problem(client.line(ServerFile.FINGERPRINT), "a certificate is there twice: " + fingerprint);
        }
        Optional<Path> clientCa = path(tls, ServerFile.CLIENT_CA);
        if (!clients.isEmpty() && clientCa.isEmpty())
            problem(
                    tls.line(ServerFile.CLIENT_CERTIFICATES),
                    "'http.tls.client-certificates' needs http.tls.client-ca: name the CA that they come from");
        return new TlsOptions(path(tls, ServerFile.CERTIFICATE).orElseThrow(), key(tls), clientCa, versions, clients);
    }

    private TlsOptions.KeySource key(SectionValues tls) {
        return switch (tls.get(ServerFile.KEY)) {
            case Secret.InEnvironment(String name) -> {
                if (System.getenv(name) == null)
                    problem(
                            tls.line(ServerFile.KEY),
                            "the environment variable " + name + " is not set: set it to the PEM of the key");
                yield () -> Objects.requireNonNullElse(System.getenv(name), "").getBytes(StandardCharsets.UTF_8);
            }
            case Secret.InFile(Path path) -> {
                Path key = folder.resolve(path);
                checkPrivate(key, tls.line(ServerFile.KEY));
                yield () -> Files.readAllBytes(key);
            }
        };
    }

    /// A key that others can read is no secret.
    private void checkPrivate(Path secret, int line) {
        try {
            Set<PosixFilePermission> mode = Files.getPosixFilePermissions(secret);
            boolean open = mode.stream().anyMatch(one -> !one.name().startsWith("OWNER_"));
            if (open)
                refuse(
                        Requirement.R1_2,
                        "http.tls.key:" + secret + ":mode-"
                                + java.nio.file.attribute.PosixFilePermissions.toString(mode),
                        "readable by its owner only",
                        "chmod 600 " + secret);
        } catch (IOException e) {
            problem(line, "'http.tls.key' " + secret + " cannot be read: check the path and its owner");
        }
    }

    private Optional<Path> path(SectionValues section, Setting<Path> setting) {
        return section.find(setting).map(path -> {
            Path absolute = folder.resolve(path);
            if (!Files.isReadable(absolute))
                problem(
                        section.line(setting),
                        "'http.tls." + setting.key() + "' " + absolute
                                + " cannot be read: check the path and its mode");
            return absolute;
        });
    }

    private void problem(int line, String message) {
        refusals.add(file + ":" + line + ": " + message);
    }
}
