package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.YamlTree.Mapping;
import dev.redoubt.audit.facts.YamlTree.Scalar;
import dev.redoubt.audit.facts.YamlTree.Sequence;
import dev.redoubt.audit.source.SourceText;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// What YAML says about serving, whichever tool it is for: a configuration of Ray Serve, manifests of
/// Kubernetes and KubeRay, values of Helm, compose files, pipelines. It is known by its shape, not by the
/// file's name.
final class YamlFiles {
    private static final Set<String> COMMANDS = Set.of("command", "args", "entrypoint", "extraArgs", "cmd");

    private static final Set<String> PROSE = Set.of("description", "name", "title", "summary", "message", "comment");

    /// What only a service of Anyscale states beside its applications.
    private static final Set<String> PLATFORM =
            Set.of("compute_config", "image_uri", "containerfile", "query_auth_token_enabled");

    private final Facts facts;
    private final String text; // of the file, see [#unfolded]
    private final YamlContainers containers;
    private final List<Scalar> programs = new ArrayList<>();
    private Surroundings around = Surroundings.NONE; // of what is visited

    private YamlFiles(Facts facts, String text) {
        this.facts = facts;
        this.text = text;
        this.containers = new YamlContainers(facts, text);
    }

    /// @return the Python programs that stand in it, as those of a ConfigMap; empty if the text cannot be read
    static Optional<List<Scalar>> read(Facts facts) {
        return read(facts, facts.source().text());
    }

    private static Optional<List<Scalar>> read(Facts facts, String text) {
        var documents = YamlTree.parse(facts.source(), text);
        if (documents.isEmpty()) return Optional.empty();
        YamlFiles reader = new YamlFiles(facts, unfolded(facts.source().text(), documents.get()));
        for (YamlTree document : documents.get()) {
            int engines = facts.engines().size();
            int listeners = facts.listeners().size();
            reader.visit(document, "", false);
            if (!isRun(document)) reader.containers.completedElsewhere(engines);
            if (Surroundings.isTunnelled(document)) reader.containers.reachedHere(engines, listeners);
        }
        return Optional.of(reader.programs);
    }

    /// Whether a tool that is known runs what stands there: else it is data of a program, which may add to it.
    private static boolean isRun(YamlTree document) {
        return !(document instanceof Mapping mapping) || RUN.stream().anyMatch(mapping.entries()::containsKey);
    }

    private static final Set<String> RUN = Set.of(
            "kind",
            "spec",
            "containers",
            "services",
            "jobs",
            "run",
            "commands",
            "applications",
            "image",
            "tasks",
            "steps",
            "stages",
            "script",
            "serve_config",
            "head_start_ray_commands",
            "entrypoint",
            "command");

    /// The file with nothing in it but these programs, each in the place where it stands. A program is indented
    /// there: the line above it, which names it, becomes the head of its block.
    static SourceText alone(SourceText source, List<Scalar> programs) {
        StringBuilder text = new StringBuilder(source.text());
        int kept = 0;
        for (Scalar program : programs) {
            int name = source.lineStart(source.lineAt(program.start()));
            int first = source.text().indexOf('\n', program.start());
            if (first < 0 || first < name + BLOCK.length()) continue;
            blank(text, kept, first);
            text.replace(name, name + BLOCK.length(), BLOCK);
            kept = Math.max(first, program.end());
        }
        blank(text, kept, text.length());
        return new SourceText(source.path(), text.toString());
    }

    private static void blank(StringBuilder text, int start, int end) {
        for (int i = start; i < end; i++) if (text.charAt(i) != '\n') text.setCharAt(i, ' ');
    }

    private static final String BLOCK = "if 1:";

    /// @param key under which it stands
    /// @param listed whether it is an item of the list under that key
    private void visit(YamlTree node, String key, boolean listed) {
        switch (node) {
            case Mapping mapping -> {
                if (mapping.entries().get("applications") instanceof Sequence applications)
                    serve(mapping, applications, key.equals("ray_serve_config"));
                else if (mapping.entries().get("import_path") instanceof Scalar && !key.equals("applications"))
                    deployments(mapping); // of an application in a file of its own
                if (mapping.entries().containsKey("engine_kwargs")) languageModel(mapping);
                boolean container = containers.read(mapping, key, listed, around);
                Surroundings outside = around;
                Surroundings inside = around.in(mapping);
                mapping.entries().forEach((name, child) -> {
                    if (key.isEmpty() && name.startsWith("x-")) return; // a template: it counts where it is merged
                    around = inside.under(name);
                    if (name.equals("env") || name.equals("environment")) environment(child);
                    if (!container || !COMMANDS.contains(name))
                        visit(child, key.equals("services") ? "service:" + name : name, false);
                });
                around = outside;
            }
            case Sequence sequence -> sequence.items().forEach(item -> visit(item, key, true));
            case Scalar scalar -> text(scalar, key);
        }
    }

    private void text(Scalar scalar, String key) {
        String value = scalar.text();
        if (key.endsWith(".py") && scalar.block()) {
            programs.add(scalar);
        } else if (key.equals("serveConfigV2")) {
            read(facts, alone(scalar));
        } else if (!PROSE.contains(key)
                && !key.endsWith(".md")
                && (value.contains("vllm") || value.contains("ray start"))) {
            containers.shell(scalar.start(), scalar.end());
        }
    }

    /// The text of the same length in which each folded scalar is one line, but where a line of it is empty.
    private static String unfolded(String text, List<YamlTree> documents) {
        StringBuilder all = new StringBuilder(text);
        documents.forEach(document -> unfold(document, all));
        return all.toString();
    }

    private static void unfold(YamlTree node, StringBuilder text) {
        switch (node) {
            case Mapping mapping -> mapping.entries().values().forEach(child -> unfold(child, text));
            case Sequence sequence -> sequence.items().forEach(child -> unfold(child, text));
            case Scalar scalar -> {
                int end = Math.min(scalar.end(), text.length());
                if (!scalar.folded() || text.charAt(scalar.start()) == ' ') return; // it was, through another alias
                int head = text.indexOf("\n", scalar.start());
                if (head < 0 || head >= end) return;
                for (int i = scalar.start(); i < head; i++) text.setCharAt(i, ' '); // `>-`
                for (int line = text.indexOf("\n", head + 1); line >= 0 && line < end; ) {
                    int next = text.indexOf("\n", line + 1);
                    int last = text.lastIndexOf("\n", line - 1);
                    boolean ends = text.substring(last + 1, line).isBlank()
                            || text.substring(line + 1, next < 0 ? end : Math.max(line + 1, Math.min(next, end)))
                                    .isBlank();
                    if (!ends) text.setCharAt(line, ' ');
                    line = next;
                }
            }
        }
    }

    /// The file with nothing in it but the lines of this text, so that they keep their numbers.
    private String alone(Scalar scalar) {
        String all = facts.source().text();
        int start = all.indexOf('\n', scalar.start());
        int end = Math.min(all.length(), scalar.end());
        if (start < 0 || start > end) return "";
        return "\n".repeat((int)
                        all.substring(0, start).chars().filter(c -> c == '\n').count())
                + all.substring(start, end);
    }

    /// @param inside whether it is a part of the file of a service of Anyscale
    private void serve(Mapping config, Sequence applications, boolean inside) {
        boolean isServe = applications.items().stream()
                .anyMatch(one ->
                        one instanceof Mapping mapping && mapping.entries().containsKey("import_path"));
        if (!isServe) return;
        YamlTree http = config.entries().get("http_options");
        Settings options = http == null ? Settings.NONE : http.settings();
        int start = http == null ? config.start() : config.keys().getOrDefault("http_options", http.start());
        boolean platform = inside || PLATFORM.stream().anyMatch(config.entries()::containsKey);
        if (platform && config.entries().containsKey("query_auth_token_enabled")) {
            YamlTree token = config.entries().get("query_auth_token_enabled");
            int at = config.keys().getOrDefault("query_auth_token_enabled", config.start());
            options = options.with(
                    "query_auth_token_enabled",
                    new Setting(token == null ? Value.unknown() : token.value(), at, token == null ? at : token.end()));
        }
        facts.listeners()
                .add(new Listener(
                        platform ? Listener.Kind.SERVE_PLATFORM : Listener.Kind.SERVE_FILE, options, start, start + 1));
        for (YamlTree one : applications.items()) {
            facts.applications().add(new Application(one.settings(), one.start(), one.start() + 1));
            deployments(one);
        }
    }

    private void deployments(YamlTree application) {
        if (!(application.at("deployments") instanceof Sequence deployments)) return;
        for (YamlTree deployment : deployments.items())
            facts.deployments()
                    .add(new Deployment(
                            name(deployment),
                            deployment.settings(),
                            deployment.start(),
                            deployment.start() + 1,
                            null,
                            null));
    }

    private static String name(YamlTree deployment) {
        return deployment.at("name") instanceof Scalar name ? name.text() : "";
    }

    /// `LLMConfig` of Ray Serve in YAML.
    private void languageModel(Mapping mapping) {
        YamlTree engine = mapping.entries().get("engine_kwargs");
        if (engine == null) return;
        Settings settings = engine.settings();
        YamlTree source = mapping.at("model_loading_config", "model_source");
        if (source == null) source = mapping.at("model_loading_config", "model_id");
        if (source != null && !settings.has("model"))
            settings = settings.with("model", new Setting(source.value(), source.start(), source.end()));
        int start = mapping.keys().getOrDefault("engine_kwargs", mapping.start());
        facts.engines().add(new Engine(Engine.Kind.DEPLOYMENT, settings, start, start + "engine_kwargs".length()));
        YamlTree deployment = mapping.entries().get("deployment_config");
        if (deployment != null)
            facts.deployments()
                    .add(new Deployment(
                            "", deployment.settings(), deployment.start(), deployment.start() + 1, null, null));
    }

    private void environment(YamlTree node) {
        if (node instanceof Mapping mapping) {
            mapping.entries()
                    .forEach((name, value) ->
                            variable(name, value, mapping.keys().getOrDefault(name, value.start())));
        } else if (node instanceof Sequence sequence) {
            for (YamlTree item : sequence.items()) {
                if (item instanceof Mapping entry
                        && entry.at("name") instanceof Scalar name
                        && entry.at("value") instanceof Scalar value) variable(name.text(), value, value.start());
                if (item instanceof Scalar scalar && scalar.text().contains("=")) {
                    String[] parts = scalar.text().split("=", 2);
                    facts.variables()
                            .add(new Variable(
                                    parts[0], Shell.expanded(parts[1], Map.of()), scalar.start(), scalar.end()));
                }
            }
        }
    }

    private void variable(String name, YamlTree value, int start) {
        if (value instanceof Scalar scalar)
            facts.variables()
                    .add(new Variable(name, YamlContainers.value(scalar), start, Math.max(start, value.end())));
    }
}
