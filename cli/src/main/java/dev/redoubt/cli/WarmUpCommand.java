package dev.redoubt.cli;

import dev.redoubt.base.DurableFiles;
import dev.redoubt.base.Home;
import dev.redoubt.base.generation.ModelCard;
import dev.redoubt.engine.EngineOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// What a server does, once, in a process of its own that ends with its parent: load, listen, answer a few
/// requests, stop. For [ArchiveTraining].
@Command(name = "warm-up", hidden = true, description = "Do what a server does, once.")
final class WarmUpCommand implements Callable<Integer> {
    private static final int REQUESTS = 4;

    private final Context context;

    @Mixin
    private ModelOptions model = new ModelOptions();

    @Option(
            names = "--home",
            required = true,
            paramLabel = "FOLDER",
            description = "Where to keep keys; removed at the end.")
    private Path home = Path.of("");

    @Option(names = "--without-model", description = "Serve an application only.")
    private boolean withoutModel;

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
            try (Server server = Server.start(away, new LocalModels(context), config())) {
                ask(server);
            }
        } finally {
            DurableFiles.deleteTree(home);
        }
        return ExitCode.OK.code();
    }

    /// Of an application with one handler in a worker process, and the model.
    private ServerConfig config() throws IOException {
        DurableFiles.privateDirectory(home.toAbsolutePath());
        Path file = home.toAbsolutePath().resolve("redoubt.yaml");
        Files.writeString(file, configuration(handlers()));
        ServerConfig applications = ServerConfigReader.read(file, LocalDate.now(ZoneOffset.UTC));
        if (withoutModel) return applications;
        EngineOptions engine = model.local(512); // a small pool: the real server runs beside it
        return ServerConfig.ofOptions(model.model(), List.of(), engine, applications.edge())
                .withApplications(applications.applications());
    }

    private static String configuration(Path handlers) throws IOException {
        String digest = ServerConfig.fingerprint(Files.readAllBytes(handlers));
        return """
                http: {port: 0}
                applications:
                  - name: %s
                    quota: {cpu: 0.5, memory: 512MiB}
                    ingress: WarmUp
                    deployments:
                      - name: WarmUp
                        java: {class: %s, jar: %s, digest: "%s"}
                        cpu: 0.5
                        memory: 512MiB
                        max-ongoing-requests: 4
                        timeouts: {call: 10s} # of the hour that a model on the command line has
                """.formatted(Server.FIRST_APPLICATION, WarmUpHandler.class.getName(), handlers.getFileName(), digest);
    }

    private Path handlers() throws IOException {
        Path jar = home.toAbsolutePath().resolve("handlers.jar");
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out)) {
            for (Class<?> type : List.of(WarmUpHandler.class, WarmUpHandler.Text.class)) {
                String name = type.getName().replace('.', '/') + ".class";
                entries.putNextEntry(new JarEntry(name));
                try (InputStream in = WarmUpCommand.class.getResourceAsStream("/" + name)) {
                    Objects.requireNonNull(in, name).transferTo(entries);
                }
                entries.closeEntry();
            }
        }
        return jar;
    }

    private static void ask(Server server) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            for (int i = 0; i < REQUESTS; i++)
                client.send(
                        request(server, "/" + Server.FIRST_APPLICATION, "{\"text\":\"Hi\"}"),
                        HttpResponse.BodyHandlers.ofString());
            if (server.engine().isEmpty()) return;
            ModelCard card = server.engine().get().card();
            for (boolean stream : new boolean[] {false, true})
                client.send(generation(server, card, stream), HttpResponse.BodyHandlers.ofString());
        }
    }

    private static HttpRequest generation(Server server, ModelCard card, boolean stream) {
        String question = card.chat() ? "\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]" : "\"prompt\":\"Hi\"";
        String body = "{\"model\":" + Json.text(card.name()) + "," + question + ",\"max_tokens\":8,\"stream\":" + stream
                + "}";
        return request(server, card.chat() ? "/v1/chat/completions" : "/v1/completions", body);
    }

    private static HttpRequest request(Server server, String route, String body) {
        return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + route))
                .header("Authorization", "Bearer " + server.firstKey().orElseThrow())
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body))
                .build();
    }
}
