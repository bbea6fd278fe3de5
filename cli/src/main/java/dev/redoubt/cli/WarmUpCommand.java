package dev.redoubt.cli;

import dev.redoubt.base.Home;
import dev.redoubt.base.generation.RequestLimits;
import dev.redoubt.engine.EngineOptions;
import dev.redoubt.gateway.EdgeOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// What a server does, once, in a process of its own: load, listen, answer two requests, stop. For
/// [CacheTraining].
@Command(name = "warm-up", hidden = true, description = "Do what a server does, once.")
final class WarmUpCommand implements Callable<Integer> {
    private final Context context;

    @Mixin
    private ModelOptions model = new ModelOptions();

    WarmUpCommand(Context context) {
        this.context = context;
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path scratch = Files.createTempDirectory("redoubt-warm-up");
        try {
            Context away = new Context(new Home(scratch.toAbsolutePath()), context.console());
            EdgeOptions edge = new EdgeOptions("127.0.0.1", 0, RequestLimits.DEFAULT);
            EngineOptions engine = model.local(512); // a small pool: the real server runs beside it
            try (Server server = Server.start(away, new LocalModels(context), model.model(), engine, edge)) {
                ask(server);
            }
        } finally {
            delete(scratch);
        }
        return ExitCode.OK.code();
    }

    private static void ask(Server server) throws IOException, InterruptedException {
        String name = Json.text(server.engine().card().name());
        String route = server.engine().card().chat() ? "/v1/chat/completions" : "/v1/completions";
        String question = server.engine().card().chat()
                ? "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]"
                : "\"prompt\":\"Hi\"";
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (boolean stream : new boolean[] {false, true}) {
                String body = "{\"model\":" + name + "," + question + ",\"max_tokens\":8,\"stream\":" + stream + "}";
                client.send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + route))
                                .header(
                                        "Authorization",
                                        "Bearer " + server.firstKey().orElseThrow())
                                .header("Content-Type", "application/json")
                                .POST(HttpRequest.BodyPublishers.ofString(body))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> all = Files.walk(folder)) {
            all.sorted(Comparator.reverseOrder()).forEach(path -> {
                try {
                    Files.delete(path);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }
}
