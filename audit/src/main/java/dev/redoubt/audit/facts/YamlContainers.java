package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.YamlTree.Mapping;
import dev.redoubt.audit.facts.YamlTree.Scalar;
import dev.redoubt.audit.facts.YamlTree.Sequence;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Containers of manifests and services of compose: what their commands start, where that listens, and which of them
/// are
/// containers of models.
final class YamlContainers {
    private static final Pattern FILLED = Pattern.compile("\\$\\((\\w+)\\)");

    private final Facts facts;
    private final String text; // of the file, with folded scalars as one line
    private Surroundings around = Surroundings.NONE; // of the one that is read

    YamlContainers(Facts facts, String text) {
        this.facts = facts;
        this.text = text;
    }

    /// @return whether its commands are read here
    ///
    /// @param key under which it stands
    /// @param listed whether it is an item of the list under that key
    /// @param where what it is a part of
    boolean read(Mapping mapping, String key, boolean listed, Surroundings where) {
        around = where;
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
                        && words.get(i).end() > words.get(i).start()) script(words, i);
            if (facts.engines().size() + facts.listeners().size() == before) new CommandLines(facts).read(words);
        }
        String name =
                mapping.entries().get("name") instanceof Scalar scalar ? scalar.text() : key.replace("service:", "");
        boolean serves = facts.engines().size() > engines
                || facts.listeners().size() > listeners && (kubernetes || hasGpu(mapping) || !isWeb(listeners))
                || CommandLines.isImage(image)
                        && (words.isEmpty() || !words.getFirst().text().matches("tail|sleep"))
                        && words.stream()
                                .noneMatch(word -> word.text().contains("vllm bench")
                                        || word.text().equals("bench"))
                || words.isEmpty()
                        && (image.startsWith("rayproject/ray")
                                        && (!around.has(Surroundings.Part.BARE) || isOfServe(mapping))
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

    /// @param at where the script stands, with what it is told behind it
    private void script(List<Word> words, int at) {
        int engines = facts.engines().size();
        shell(words.get(at).start(), words.get(at).end());
        if (!words.get(at).text().contains("$@")) return;
        List<Word> told = words.subList(at + 1, words.size()).stream()
                .filter(word -> !word.text().equals("--"))
                .toList();
        for (int i = engines; i < facts.engines().size(); i++)
            facts.engines()
                    .set(i, new CommandLines(facts).completed(facts.engines().get(i), told));
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
                                .at(
                                        isOneOfItsOwn(service) || service.at("image") == null
                                                ? Place.IMAGE
                                                : Place.MACHINE));
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
    void completedElsewhere(int engines) {
        for (int i = engines; i < facts.engines().size(); i++) {
            Engine engine = facts.engines().get(i);
            facts.engines().set(i, engine.with(new Settings(engine.settings().entries(), true)));
        }
    }

    /// Whatever was found from these counts on is reached from its own machine alone.
    void reachedHere(int engines, int listeners) {
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

    /// Whether a container of a bare cluster has the port of Ray Serve.
    private static boolean isOfServe(Mapping container) {
        return container.at("ports") instanceof Sequence ports
                && ports.items().stream()
                        .anyMatch(port -> port.at("containerPort") instanceof Scalar number
                                && number.text().equals("8000"));
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

    static Value value(Scalar scalar) {
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

    /// Of a text as it stands, in quotes or not.
    void shell(int start, int end) {
        boolean quoted = end - start > 1 && (text.charAt(start) == '"' || text.charAt(start) == '\'');
        Shell.read(facts, text, quoted ? start + 1 : start, quoted ? end - 1 : end);
    }
}
