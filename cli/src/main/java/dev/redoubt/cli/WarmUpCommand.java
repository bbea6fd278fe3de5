package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Home;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.EdgeOptions;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What a server does, once, in a process of its own that ends with its parent: load, listen, answer two
/// requests, stop. For [CacheTraining].
@Command(name = "warm-up", hidden = true, description = "Do what a server does, once.")
final class WarmUpCommand implements Callable<Integer> {
    private final Context context;

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Option(
            names = "--home",
            required = true,
            paramLabel = "FOLDER",
            description = "Where to keep keys; removed at the end.")
    private Path home = Path.of("");

    @Option(names = "--applications", description = "Without a model.")
    private boolean applications;

    WarmUpCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        ProcessHandle.current()
                .parent()
                .ifPresent(server ->
                        server.onExit().thenRun(() -> Runtime.getRuntime().halt(1))); // even if it was killed
        try {
            Context away = new Context(new Home(home.toAbsolutePath()), context.console());
            EdgeOptions edge = new EdgeOptions("127.0.0.1", 0);
            EngineOptions engine = model.local(512); // a small pool: the real server runs beside it
            ServerConfig config = ServerConfig.ofOptions(model.model(), List.of(), engine, edge);
            if (applications) config = config.withoutModel();
            try (Server server = Server.start(away, new LocalModels(context), config)) {
                ask(server);
            }
        } finally {
            DurableFiles.deleteTree(home);
        }
        return ExitCode.OK.code();
    }

    private static void ask(Server server) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (boolean stream : new boolean[] {false, true})
                client.send(request(server, stream), HttpResponse.BodyHandlers.ofString());
        }
    }

    /// Of an application that is not there, where there is no model.
    private static HttpRequest request(Server server, boolean stream) {
        String route = "/local";
        String body = "{}";
        if (server.engine().isPresent()) {
            ModelCard card = server.engine().get().card();
            route = card.chat() ? "/v1/chat/completions" : "/v1/completions";
            String question =
                    card.chat() ? "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" : "\"prompt\":\"Hi\"";
            body = "{\"model\":" + Json.text(card.name()) + "," + question + ",\"max_tokens\":8,\"stream\":" + stream
                    + "}";
        }
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + route))
                .header("Authorization", "Bearer " + server.firstKey().orElseThrow())
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }
}
