package dev.redoubt.cli;

import dev.redoubt.base.generation.EmbeddingModel;
import dev.redoubt.base.generation.ServableModel;
import dev.redoubt.engine.EmbeddingEngine;
import dev.redoubt.engine.Engine;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.EdgeOptions;
import dev.redoubt.serve.control.ApplicationState;
import dev.redoubt.serve.control.PlatformStatus.ApplicationStatus;
import java.io.IOException;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// Serves one model until it is told to stop.
@Command(name = "serve", description = "Serve a model behind an OpenAI-compatible API.")
final class ServeCommand implements Callable<Integer> {
    private static final int CONTEXT_TOKENS_LIMIT = 4096; // V1.4, V2.3: a limit that only a waiver would raise

    private final Context context;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-f", "--file"},
            paramLabel = "FILE",
            description =
                    "A configuration file, such as redoubt.yaml, in place of all other options (docs/SETTINGS.md).")
    private @Nullable Path file;

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Option(names = "--host", paramLabel = "ADDRESS", description = "Where to listen. Default: ${DEFAULT-VALUE}.")
    private String host = "127.0.0.1";

    @Option(names = "--port", paramLabel = "N", description = "0 picks a free one. Default: ${DEFAULT-VALUE}.")
    private int port = 8000;

    @Option(
            names = "--max-model-len",
            paramLabel = "N",
            description = "Prompt and answer together, in tokens. Default: ${DEFAULT-VALUE}.")
    private int contextTokensMax = CONTEXT_TOKENS_LIMIT;

    @Option(
            names = "--trust-digest",
            paramLabel = "sha256:HEX",
            description = "What the files of a --model PATH must be; models verify PATH prints it.")
    private @Nullable String trustDigest;

    @Option(
            names = "--adapter",
            paramLabel = "NAME",
            description = "A LoRA adapter of the store, served as a model of its own beside --model; may be repeated.")
    private List<String> adapters = List.of();

    ServeCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        SerialFilter.require();
        ServerConfig config = file == null ? ofOptions() : ofFile(file);
        StartLines.waivers(config.waivers()).forEach(context.console().out()::println);
        LocalModels models = LocalModels.serving(context, Optional.ofNullable(trustDigest));
        Server server = Server.start(context, models, config);
        CountDownLatch stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(Thread.ofPlatform().name("stop").unstarted(() -> {
            server.close();
            stopped.countDown();
        }));
        announce(server, config.edge());
        config.admin()
                .ifPresent(port -> context.console()
                        .out()
                        .println("admin  http://" + (port.host().contains(":") ? "[" + port.host() + "]" : port.host())
                                + ":" + server.adminPort()));
        ArchiveTraining.afterReady(context, config.model().map(ModelChoice::name));
        stopped.await(); // for a signal: the exit code is then the signal's
        return ExitCode.OK.code();
    }

    /// A file says all of it: an option beside it would be a second place to look for what is in force.
    private ServerConfig ofFile(Path given) throws IOException {
        List<String> beside = Objects.requireNonNull(spec).commandLine().getParseResult().matchedOptions().stream()
                .map(option -> option.longestName())
                .filter(name -> !name.equals("--file"))
                .toList();
        if (!beside.isEmpty())
            throw new CommandFailure(
                    ExitCode.USAGE, String.join(", ", beside) + " cannot be given beside -f: set it in " + given);
        return ServerConfigReader.read(given, LocalDate.now(ZoneOffset.UTC));
    }

    private ServerConfig ofOptions() {
        refuseWhatNoRuleAllows();
        EngineOptions engine = withContext(EngineOptions.defaults(model.threads()));
        EdgeOptions edge = new EdgeOptions(host, port);
        return ServerConfig.ofOptions(model.model(), List.copyOf(adapters), engine, edge);
    }

    /// Every problem at once, before anything is read, fetched or opened.
    private void refuseWhatNoRuleAllows() {
        List<String> refusals = new ArrayList<>();
        if (!Loopback.is(host)) refusals.add(Refusal.beyondLoopback(host));
        if (contextTokensMax > CONTEXT_TOKENS_LIMIT)
            refusals.add(Refusal.line(
                    "V2.3",
                    "max-model-len:" + contextTokensMax,
                    "at most " + CONTEXT_TOKENS_LIMIT,
                    "--max-model-len " + CONTEXT_TOKENS_LIMIT));
        if (!refusals.isEmpty()) throw new Refusal(refusals);
        if (contextTokensMax < 16)
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--max-model-len is " + contextTokensMax + ", allowed is 16 to " + CONTEXT_TOKENS_LIMIT
                            + ": give another");
        if (adapters.size() > ModelChoice.ADAPTERS_MAX)
            throw new CommandFailure(
                    ExitCode.USAGE,
                    "--adapter is there " + adapters.size() + " times, limit is " + ModelChoice.ADAPTERS_MAX
                            + ": serve some from another server");
        if (port < 0 || port > 65535)
            throw new CommandFailure(ExitCode.USAGE, "--port is " + port + ", allowed is 0 to 65535: give another");
    }

    private EngineOptions withContext(EngineOptions defaults) {
        return new EngineOptions(
                model.kernels(),
                defaults.threads(),
                contextTokensMax,
                defaults.sequencesMax(),
                defaults.batchedTokensMax(),
                defaults.prefillTokensMax(),
                defaults.ongoingMax(),
                defaults.memoryUtilization(),
                model.kvFormat(),
                OptionalLong.empty(),
                defaults.prefixSharing(),
                model.speculative(),
                defaults.limits());
    }

    private void announce(Server server, EdgeOptions edge) {
        String host = edge.host().contains(":") ? "[" + edge.host() + "]" : edge.host();
        String url = (edge.tls().isPresent() ? "https://" : "http://") + host + ":" + server.port();
        Optional<String> firstKey = server.firstKey();
        var out = context.console().out();
        out.println("ready  "
                + server.engine()
                        .map(engine -> engine.card().name() + ", " + description(engine) + ", ")
                        .orElse("")
                + url);
        if (firstKey.isPresent()) {
            out.println("key    " + firstKey.get() + "  (application local; store it now, it is not shown again)");
        } else {
            out.println("key    the one you have, in REDOUBT_API_KEY; a new one: " + context.program()
                    + " keys create --application " + keyed(server) + " --scopes inference");
        }
        server.engine()
                .ifPresent(engine -> out.println("try    " + curl(url, engine, firstKey.orElse("$REDOUBT_API_KEY"))));
        server.adapters()
                .forEach(adapter -> out.println("lora   " + adapter.card().name() + ", sha256:"
                        + adapter.card().digest()));
        if (edge.protocols().grpcPort().isPresent()) out.println("grpc   " + host + ":" + server.grpcPort());
        for (ApplicationStatus application : server.applications())
            out.println("app    " + application.name() + ", " + address(server, application.name(), url)
                    + (application.state() == ApplicationState.RUNNING
                            ? ""
                            : ", " + application.state() + ": " + application.reason()));
        new TreeMap<>(server.departures())
                .forEach((application, how) -> out.println("file   " + application + " " + how
                        + ": the file counts again when it says something else of it, or by " + context.program()
                        + " deploy -f"));
    }

    private static String address(Server server, String application, String url) {
        return server.model(application)
                .map(model -> url + "/v1, model " + model)
                .orElse(url + "/" + application);
    }

    /// Whose key opens what is served: a model is served to the keys of any application.
    private static String keyed(Server server) {
        return server.engine().isPresent()
                ? Server.FIRST_APPLICATION
                : server.applications().stream()
                        .map(ApplicationStatus::name)
                        .findFirst()
                        .orElse(Server.FIRST_APPLICATION);
    }

    private static String description(ServableModel model) {
        return switch (model) {
            case Engine engine -> engine.description();
            case EmbeddingEngine engine -> engine.description();
            default -> throw new IllegalStateException("no engine of this server");
        };
    }

    /// One line that works when pasted.
    private static String curl(String url, ServableModel model, String key) {
        String route = model.card().chat() ? "/v1/chat/completions" : "/v1/completions";
        String question = model.card().chat()
                ? "\"messages\":[{\"role\":\"user\",\"content\":\"Why is the sky blue?\"}]"
                : "\"prompt\":\"Once upon a time\"";
        if (model instanceof EmbeddingModel) {
            route = "/v1/embeddings";
            question = "\"input\":\"Why is the sky blue?\"";
        }
        return "curl " + url + route + " -H \"Authorization: Bearer " + key + "\" -H \"Content-Type: application/json\""
                + " -d '{\"model\":" + Json.text(model.card().name()) + "," + question + "}'";
    }
}
