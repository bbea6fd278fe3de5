package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.YamlTree.Mapping;
import dev.redoubt.audit.facts.YamlTree.Scalar;
import dev.redoubt.audit.facts.YamlTree.Sequence;
import dev.redoubt.audit.source.SourceText;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// What YAML says about serving, whichever tool it is for: a configuration of Ray Serve, manifests of
/// Kubernetes and KubeRay, values of Helm, compose files, pipelines. It is known by its shape, not by the
/// file's name.
final class YamlFiles {
    private static final Set<String> COMMANDS = Set.of("command", "args", "entrypoint", "extraArgs", "cmd");

    private static final Set<String> PROSE = Set.of("description", "name", "title", "summary", "message", "comment");

    private static final Pattern FILLED = Pattern.compile("\\$\\((\\w+)\\)");

    /// What only a service of Anyscale states beside its applications.
    private static final Set<String> PLATFORM =
            Set.of("compute_config", "image_uri", "containerfile", "query_auth_token_enabled");

    private final Facts facts;
    private final String text; // of the file, see [#unfolded]
    private final List<Scalar> programs = new ArrayList<>();
    private Surroundings around = Surroundings.NONE; // of what is visited

    private YamlFiles(Facts facts, String text) {
        this.facts = facts;
        this.text = text;
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
            if (Surroundings.isTunnelled(document)) reader.reachedHere(engines, listeners);
        }
        return Optional.of(reader.programs);
    }

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
                    serve(mapping, applications);
                else if (mapping.entries().get("import_path") instanceof Scalar && !key.equals("applications"))
                    deployments(mapping); // of an application in a file of its own
                if (mapping.entries().containsKey("engine_kwargs")) languageModel(mapping);
                boolean container = container(mapping, key, listed);
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
        } else if (!PROSE.contains(key) && (value.contains("vllm") || value.contains("ray start"))) {
            shell(scalar.start(), scalar.end());
        }
    }

    /// Of a text as it stands, in quotes or not.
    private void shell(int start, int end) {
        boolean quoted = end - start > 1 && (text.charAt(start) == '"' || text.charAt(start) == '\'');
        Shell.read(facts, text, quoted ? start + 1 : start, quoted ? end - 1 : end);
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
                int head = text.indexOf("\n", scalar.start());
                if (!scalar.folded() || head < 0 || head >= end) return;
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

    private void serve(Mapping config, Sequence applications) {
        boolean isServe = applications.items().stream()
                .anyMatch(one ->
                        one instanceof Mapping mapping && mapping.entries().containsKey("import_path"));
        if (!isServe) return;
        YamlTree http = config.entries().get("http_options");
        Settings options = http == null ? Settings.NONE : http.settings();
        int start = http == null ? config.start() : config.keys().getOrDefault("http_options", http.start());
        boolean platform = PLATFORM.stream().anyMatch(config.entries()::containsKey);
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

    /// @return whether its commands are read here
    private boolean container(Mapping mapping, String key, boolean listed) {
        List<Word> words = new ArrayList<>();
        Map<String, String> stated = stated(mapping.entries().get("env"));
        for (String name : List.of("entrypoint", "command", "args", "extraArgs", "cmd"))
            add(mapping.entries().get(name), stated, words);
        String image = image(mapping.entries().get("image"));
        boolean kubernetes = listed && key.equals("containers");
        boolean compose = !listed && key.startsWith("service:");
        int engines = facts.engines().size();
        int listeners = facts.listeners().size();
        int before = engines + listeners;
        boolean own = mapping.entries().containsKey("entrypoint")
                || (listed && mapping.entries().containsKey("command"))
                || (!words.isEmpty() && words.getFirst().text().matches("(/.*/)?(ba|z)?sh|(/bin/|/usr/).*|python3?"));
        if (isServer(image, words)
                && (kubernetes || compose || !words.isEmpty())
                && !own
                && !(words.isEmpty() && isStartedByRay())
                && words.stream().noneMatch(word -> word.text().equals("serve"))) {
            new CommandLines(facts).ofImage(words, mapping.start(), mapping.start() + 1);
        } else if (!words.isEmpty()) {
            for (int i = 1; i < words.size(); i++)
                if (words.get(i - 1).text().matches("-\\w*c")
                        && words.get(i).end() > words.get(i).start())
                    shell(words.get(i).start(), words.get(i).end());
            if (facts.engines().size() + facts.listeners().size() == before) new CommandLines(facts).read(words);
        }
        String name =
                mapping.entries().get("name") instanceof Scalar scalar ? scalar.text() : key.replace("service:", "");
        boolean serves = facts.engines().size() > engines
                || facts.listeners().size() > listeners && (kubernetes || hasGpu(mapping) || !isWeb(listeners))
                || CommandLines.isImage(image)
                        && words.stream()
                                .noneMatch(word -> word.text().contains("vllm bench")
                                        || word.text().equals("bench"))
                || words.isEmpty()
                        && (image.startsWith("rayproject/ray")
                                || around.has(Surroundings.Part.SERVICE) && name.startsWith("ray"));
        if (compose) published(mapping, engines, listeners);
        if (kubernetes) placed(around.place(), engines, listeners);
        if (around.has(Surroundings.Part.RAY)) withoutDashboards(listeners);
        boolean input = key.isEmpty() && !listed; // of another program, which says the rest
        if (around.has(Surroundings.Part.RUNTIME) || input) completedElsewhere(engines);
        if (serves && (kubernetes || compose)) {
            Container.Kind kind = compose ? Container.Kind.COMPOSE : around.kind();
            facts.containers().add(new Container(kind, name, mapping.settings(), mapping.start(), mapping.start() + 1));
        }
        return !words.isEmpty();
    }

    /// What listens in a service of compose is reached through the ports that the machine publishes for it: where
    /// these are of loopback it is there too, whatever it binds inside, and where there are none only other
    /// services reach it. Of a service that is given a GPU and whose program is not known, the ports are what
    /// listens, unless it is told a command or built here: then it may be anything.
    ///
    /// @param engines how many there were before this service
    private void published(Mapping service, int engines, int listeners) {
        Ports ports = Ports.of(service.entries().get("ports"));
        if (ports.here()) {
            reachedHere(engines, listeners);
        } else if (!ports.any() && service.at("network_mode") == null && service.at("extends") == null) {
            placed(Place.NETWORK, engines, listeners);
        } else if (facts.engines().size() + facts.listeners().size() == engines + listeners
                && hasGpu(service)
                && !image(service.entries().get("image")).contains("exporter")) {
            for (YamlTree port : ports.beyond()) {
                Setting host = new Setting(new Value.Text("0.0.0.0"), port.start(), port.end());
                facts.listeners()
                        .add(new Listener(
                                        Listener.Kind.WEB,
                                        new Settings(Map.of("host", host), false),
                                        port.start(),
                                        port.end())
                                .at(isOneOfItsOwn(service) ? Place.IMAGE : Place.MACHINE));
            }
        }
    }

    /// Whatever was found from these counts on runs there.
    private void placed(Place place, int engines, int listeners) {
        for (int i = engines; i < facts.engines().size(); i++)
            facts.engines().set(i, facts.engines().get(i).at(place));
        for (int i = listeners; i < facts.listeners().size(); i++)
            facts.listeners().set(i, facts.listeners().get(i).at(place));
    }

    /// Whoever uses what was found from this count on says the rest.
    private void completedElsewhere(int engines) {
        for (int i = engines; i < facts.engines().size(); i++) {
            Engine engine = facts.engines().get(i);
            facts.engines().set(i, engine.with(new Settings(engine.settings().entries(), true)));
        }
    }

    /// Whatever was found from these counts on is reached from its own machine alone.
    private void reachedHere(int engines, int listeners) {
        for (int i = engines; i < facts.engines().size(); i++) {
            Engine engine = facts.engines().get(i);
            facts.engines().set(i, engine.with(here(engine.settings())));
        }
        for (int i = listeners; i < facts.listeners().size(); i++) {
            Listener one = facts.listeners().get(i);
            facts.listeners().set(i, one.with(here(one.settings())));
        }
    }

    private static Settings here(Settings settings) {
        return settings.with("host", new Setting(new Value.Text("127.0.0.1"), -1, -1));
    }

    /// Whether what listens from this count on are programs of the web, any of which may run a model or none.
    private boolean isWeb(int listeners) {
        return facts.listeners().stream().skip(listeners).allMatch(one -> one.kind() == Listener.Kind.WEB);
    }

    /// The operator of KubeRay deploys through the dashboard of the head.
    private void withoutDashboards(int listeners) {
        facts.listeners()
                .subList(listeners, facts.listeners().size())
                .removeIf(one -> one.kind() == Listener.Kind.DASHBOARD);
    }

    /// KubeRay has `ray start` run in each container, unless an annotation says that it shall not.
    private boolean isStartedByRay() {
        return around.has(Surroundings.Part.RAY) && !facts.source().text().contains("ray.io/overwrite-container-cmd");
    }

    private static boolean isOneOfItsOwn(Mapping service) {
        return Stream.of("build", "command", "entrypoint").anyMatch(service.entries()::containsKey);
    }

    private static boolean hasGpu(Mapping service) {
        return service.at("runtime") instanceof Scalar runtime && runtime.text().equals("nvidia")
                || service.at("gpus") != null
                || service.at("deploy", "resources", "reservations", "devices") != null;
    }

    /// Whether the image's own program is a server of vLLM: by its name, or by a name with vLLM in it and what it is
    /// told.
    private static boolean isServer(String image, List<Word> words) {
        if (CommandLines.isImage(image)) return true;
        return image.substring(image.lastIndexOf('/') + 1).contains("vllm")
                && !words.isEmpty()
                && words.stream().anyMatch(word -> word.text().matches("--model(=.*)?"))
                && words.getFirst().text().startsWith("-");
    }

    /// What the list `env` of a container says plainly.
    private static Map<String, String> stated(@Nullable YamlTree env) {
        if (!(env instanceof Sequence sequence)) return Map.of();
        Map<String, String> all = new HashMap<>();
        for (YamlTree item : sequence.items())
            if (item.at("name") instanceof Scalar name && item.at("value") instanceof Scalar value)
                all.put(name.text(), value.text());
        return all;
    }

    private static String image(@Nullable YamlTree image) {
        return image instanceof Scalar scalar ? scalar.text() : "";
    }

    private void add(@Nullable YamlTree node, Map<String, String> stated, List<Word> words) {
        switch (node) {
            case Scalar scalar
            when scalar.block() || scalar.text().contains(" ") && words.isEmpty() ->
                words(scalar.text(), scalar.start(), scalar.end(), words);
            case Scalar scalar -> words.add(word(scalar, stated));
            case Sequence sequence -> {
                for (YamlTree item : sequence.items())
                    if (item instanceof Scalar scalar) words.add(word(scalar, stated));
            }
            case Mapping _ -> {}
            case null -> {}
        }
    }

    /// With what Kubernetes fills in for `$(NAME)`.
    private static Word word(Scalar scalar, Map<String, String> stated) {
        Matcher matcher = FILLED.matcher(scalar.text());
        if (!matcher.find() || stated.get(matcher.group(1)) == null)
            return new Word(scalar.text(), value(scalar), scalar.start(), scalar.end());
        String filled = scalar.text().substring(0, matcher.start())
                + stated.get(matcher.group(1))
                + scalar.text().substring(matcher.end());
        return new Word(filled, Shell.expanded(filled, Map.of()), scalar.start(), scalar.end());
    }

    private static Value value(Scalar scalar) {
        return scalar.text().indexOf(YamlTree.FILLED_IN) >= 0
                ? Value.unknown()
                : Shell.expanded(scalar.text(), Map.of());
    }

    /// A command that stands in one text; its words are placed at that text.
    private static void words(String text, int start, int end, List<Word> into) {
        for (String word : text.replace("\\\n", " ").split("\\s+"))
            if (!word.isEmpty()) {
                String plain = word.replaceAll("^[\"']|[\"']$", "");
                into.add(new Word(plain, Shell.expanded(plain, Map.of()), start, end));
            }
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
            facts.variables().add(new Variable(name, value(scalar), start, Math.max(start, value.end())));
    }
}
