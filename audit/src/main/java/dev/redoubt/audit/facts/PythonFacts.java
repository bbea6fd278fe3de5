package dev.redoubt.audit.facts;

import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Expression.Argument;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.source.SourceText;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds in a program what it sets up: engines of vLLM, deployments and applications of Ray Serve, listeners,
/// environment variables, and commands that it starts.
final class PythonFacts {
    private static final Set<String> STARTS = Set.of(
            "subprocess.run",
            "subprocess.Popen",
            "subprocess.call",
            "subprocess.check_call",
            "subprocess.check_output",
            "asyncio.create_subprocess_exec",
            "os.execvp",
            "os.system",
            "asyncio.create_subprocess_shell");

    /// A deployment without a model behind it, for tests of what is around it.
    private static final Pattern STAND_IN = Pattern.compile("(Placeholder|Dummy|Mock|Fake|Stub)([A-Z_].*)?");

    private final Facts facts;
    private final PythonModule module;
    private final Values values;
    private final Callers callers;

    private PythonFacts(Facts facts, PythonModule module, Values values) {
        this.facts = facts;
        this.module = module;
        this.values = values;
        this.callers = new Callers(values);
    }

    /// @param program the text of the program, its parts in the places that they have in the file
    static void read(Facts facts, SourceText program, Path file, Modules modules) {
        PythonModule module = ModuleReader.read(program);
        PythonFacts reader = new PythonFacts(facts, module, new Values(module, file, modules));
        facts.python(new Python(module, reader.values, reader.callers));
        for (Site site : module.calls()) reader.call(site);
        for (Owned<Expression> other : module.others())
            if (other.node() instanceof Expression.Items items)
                new CommandLines(facts).read(reader.words(items.elements(), other.scope()));
        reader.deployments();
        reader.variables();
        if (reader.endsWhatItServes()) {
            facts.deployments().clear();
            facts.applications().clear();
            facts.listeners().removeIf(listener -> listener.kind() == Listener.Kind.SERVE_CODE);
        }
    }

    /// A script that asks its own deployments and ends them: by no route, or without waiting for others.
    private boolean endsWhatItServes() {
        return module.calls().stream().anyMatch(site -> site.name().equals("ray.serve.shutdown"))
                && !facts.applications().isEmpty()
                && facts.applications().stream().allMatch(application -> {
                    Settings settings = application.settings();
                    boolean closed = settings.get("route_prefix")
                            .filter(prefix -> prefix.value().equals(Value.nothing()))
                            .isPresent();
                    return closed
                            || settings.get("blocking")
                                    .filter(blocking -> blocking.value().equals(new Value.Truth(false)))
                                    .isPresent();
                });
    }

    private void call(Site site) {
        String name = site.name();
        String last = name.substring(name.lastIndexOf('.') + 1);
        if (name.startsWith("vllm.") && (last.equals("LLM") || last.endsWith("EngineArgs"))) engine(site, last);
        else if (name.startsWith("langchain") && last.equals("VLLM")) wrapped(site);
        else if (name.startsWith("ray.serve.") && last.equals("LLMConfig")) languageModel(site);
        else if (name.equals("uvicorn.run") || name.equals("uvicorn.Config") || name.equals("hypercorn.run"))
            listener(site, Listener.Kind.WEB);
        else if (name.equals("flask.Flask().run") || name.equals("aiohttp.web.run_app"))
            listener(site, Listener.Kind.WEB);
        else if (name.equals("ray.serve.start")) serveStart(site);
        else if (name.equals("ray.init")) dashboard(site);
        else if (name.equals("ray.serve.run")) application(site);
        else if (name.equals("os.environ.setdefault")) variable(site);
        else if (STARTS.contains(name)) command(site);
    }

    private void engine(Site site, String last) {
        Settings settings = values.arguments(site.call(), site.scope());
        if (last.equals("LLM") || !settings.has("model")) settings = withModel(site, settings);
        facts.engines()
                .add(new Engine(
                        Engine.Kind.LIBRARY,
                        settings,
                        site.call().start(),
                        site.call().end()));
    }

    /// LangChain hands most of its own arguments on, and the rest in `vllm_kwargs`.
    private void wrapped(Site site) {
        Settings stated = values.arguments(site.call(), site.scope());
        boolean known = stated.get("vllm_kwargs")
                .map(more -> more.value() instanceof Value.Group)
                .orElse(true);
        Settings settings = stated.with(stated.group("vllm_kwargs"));
        facts.engines()
                .add(new Engine(
                        Engine.Kind.LIBRARY,
                        new Settings(settings.entries(), settings.open() || !known),
                        site.call().start(),
                        site.call().end()));
    }

    private Settings withModel(Site site, Settings settings) {
        List<Argument> arguments = site.call().arguments();
        if (arguments.isEmpty() || !arguments.getFirst().keyword().isEmpty()) return settings;
        Expression model = arguments.getFirst().value();
        return settings.with("model", new Setting(values.of(model, site.scope()), model.start(), model.end()));
    }

    private void languageModel(Site site) {
        Settings stated = values.arguments(site.call(), site.scope());
        Settings engine =
                stated.has("engine_kwargs") ? stated.group("engine_kwargs") : new Settings(Map.of(), stated.open());
        boolean known = !stated.has("engine_kwargs")
                || stated.get("engine_kwargs").orElseThrow().value() instanceof Value.Group;
        Settings loading = stated.group("model_loading_config");
        Optional<Setting> model = loading.get("model_source").or(() -> loading.get("model_id"));
        if (model.isPresent() && !engine.has("model")) engine = engine.with("model", model.get());
        facts.engines()
                .add(new Engine(
                        Engine.Kind.DEPLOYMENT,
                        new Settings(engine.entries(), engine.open() || !known),
                        site.call().start(),
                        site.call().end()));
        Settings deployment = stated.group("deployment_config");
        if (!deployment.entries().isEmpty())
            facts.deployments()
                    .add(new Deployment(
                            "", deployment, site.call().start(), site.call().end(), null, null));
    }

    private void listener(Site site, Listener.Kind kind) {
        facts.listeners()
                .add(new Listener(
                        kind,
                        values.arguments(site.call(), site.scope()),
                        site.call().start(),
                        site.call().end()));
    }

    private void serveStart(Site site) {
        Settings stated = values.arguments(site.call(), site.scope());
        if (!stated.has("http_options")) return;
        boolean known = stated.get("http_options").orElseThrow().value().may(Value.Group.class::isInstance);
        Settings options = stated.group("http_options");
        facts.listeners()
                .add(new Listener(
                        Listener.Kind.SERVE_CODE,
                        known ? options : new Settings(Map.of(), true),
                        site.call().start(),
                        site.call().end()));
    }

    private void dashboard(Site site) {
        Settings stated = values.arguments(site.call(), site.scope());
        Optional<Setting> host = stated.get("dashboard_host");
        if (host.isPresent())
            facts.listeners()
                    .add(new Listener(
                            Listener.Kind.DASHBOARD,
                            new Settings(Map.of("host", host.get()), false),
                            site.call().start(),
                            site.call().end()));
    }

    private void application(Site site) {
        if (isOfTest(site.scope())) return;
        facts.applications()
                .add(new Application(
                        values.arguments(site.call(), site.scope()),
                        site.call().start(),
                        site.call().end()));
    }

    /// A function that deploys, asks and ends what it has deployed.
    private boolean isOfTest(Scope scope) {
        Statement.Function function = scope.function();
        return function != null
                && (function.name().startsWith("test_")
                        || module.calls().stream()
                                .anyMatch(site -> site.scope().equals(scope)
                                        && site.name().equals("ray.serve.shutdown")));
    }

    /// Each class or function that is decorated, with the options of `.options(…)` where it is bound by those.
    private void deployments() {
        Map<String, List<Site>> options = new HashMap<>();
        for (Site site : module.calls())
            if (site.call().function() instanceof Attribute method
                    && method.name().equals("options"))
                options.computeIfAbsent(values.name(method.of(), site.scope()), _ -> new ArrayList<>())
                        .add(site);
        for (Owned<Statement.ClassType> type : module.classes())
            deployment(type.node().name(), type.node().decorators(), type.node(), type.scope(), options);
        for (Owned<Statement.Function> function : module.functions())
            deployment(
                    function.node().name(), function.node().decorators(), function.node(), function.scope(), options);
    }

    private void deployment(
            String name, List<Expression> decorators, Statement code, Scope inside, Map<String, List<Site>> options) {
        Scope outer = inside.parent();
        if (outer == null || !callers.isDeployed(decorators, outer)) return;
        if (STAND_IN.matcher(name).matches()) return;
        Settings settings = Settings.NONE;
        Expression at = decorators.getFirst();
        for (Expression decorator : decorators) {
            if (!callers.isDeployed(List.of(decorator), outer)) continue;
            at = decorator;
            if (decorator instanceof Call call) settings = values.arguments(call, outer);
        }
        List<Site> bound = options.getOrDefault("." + name, List.of());
        if (bound.isEmpty())
            facts.deployments().add(new Deployment(name, settings, at.start(), at.end(), code, inside));
        for (Site site : bound)
            facts.deployments()
                    .add(new Deployment(
                            name,
                            settings.with(values.arguments(site.call(), site.scope())),
                            site.call().start(),
                            site.call().end(),
                            code,
                            inside));
    }

    /// `os.environ["NAME"] = value`.
    private void variables() {
        for (Owned<Statement> owned : module.statements())
            if (owned.node() instanceof Statement.Assign assign && assign.value() != null)
                for (Expression target : assign.targets())
                    if (target instanceof Expression.Subscript subscript
                            && values.name(subscript.of(), owned.scope()).equals("os.environ")
                            && values.of(subscript.index(), owned.scope()) instanceof Value.Text(String name))
                        facts.variables()
                                .add(new Variable(
                                        name, values.of(assign.value(), owned.scope()), assign.start(), assign.end()));
    }

    private void variable(Site site) {
        List<Argument> given = site.call().arguments();
        if (given.size() == 2 && values.of(given.get(0).value(), site.scope()) instanceof Value.Text(String name))
            facts.variables()
                    .add(new Variable(
                            name,
                            values.of(given.get(1).value(), site.scope()),
                            site.call().start(),
                            site.call().end()));
    }

    /// A command that is a list of words, or a text for a shell.
    private void command(Site site) {
        if (site.call().arguments().isEmpty()) return;
        Expression command = site.call().arguments().getFirst().value();
        @Nullable Expression list = command instanceof Expression.Name name ? assigned(name, site.scope()) : command;
        if (list instanceof Expression.Items items) {
            new CommandLines(facts).read(words(items.elements(), site.scope()));
        } else if (list instanceof Expression.Text text) {
            line(text);
        }
    }

    /// Whether the list begins as the command of a server does, wherever it is handed to.
    static boolean isCommand(Expression.Items items) {
        return items.elements().size() > 2
                && items.elements().get(0) instanceof Expression.Text program
                && items.elements().get(1) instanceof Expression.Text command
                && program.text().equals("vllm")
                && command.text().equals("serve");
    }

    /// Of a text, all words of which stand where it stands.
    private void line(Expression.Text text) {
        List<Word> words = new ArrayList<>();
        for (String word : text.text().split("\\s+"))
            if (!word.isEmpty())
                words.add(new Word(
                        word,
                        word.indexOf(Expression.HOLE) >= 0 ? Value.unknown() : Shell.expanded(word, Map.of()),
                        text.start(),
                        text.end()));
        if (!words.isEmpty()) new CommandLines(facts).read(words);
    }

    private static @Nullable Expression assigned(Expression.Name name, Scope scope) {
        for (Binding binding : scope.find(name.id()))
            if (binding instanceof Binding.Assigned assigned && assigned.whole()) return assigned.value();
        return null;
    }

    private List<Word> words(List<Expression> elements, Scope scope) {
        List<Word> words = new ArrayList<>();
        for (Expression element : elements) {
            Value value = values.of(element, scope);
            if (value instanceof Value.Numeric(double number)) value = new Value.Text(Long.toString((long) number));
            String text = value instanceof Value.Text(String known) ? known : "$" + element.start();
            words.add(new Word(text, value, element.start(), element.end()));
        }
        return words;
    }
}
