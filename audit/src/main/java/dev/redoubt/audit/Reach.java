package dev.redoubt.audit;

import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.source.FileFinder.Found;
import dev.redoubt.audit.source.FileKind;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/// Which programs of a project have a part in serving: those that serve, and the modules that these import, in any
/// number of steps. What trains, converts, evaluates or computes a batch beside them serves nobody. A name that
/// is imported at run time only is not followed. Where no program serves, each module may that no script uses: what
/// serves them is elsewhere, as a library's users are.
final class Reach {
    private static final String[] SERVING = {
        "fastapi",
        "starlette",
        "flask",
        "quart",
        "aiohttp.web",
        "sanic",
        "tornado",
        "bottle",
        "falcon",
        "django",
        "litestar",
        "robyn",
        "uvicorn",
        "hypercorn",
        "gunicorn",
        "waitress",
        "http.server",
        "socketserver",
        "xmlrpc.server",
        "websockets",
        "grpc",
        "ray.serve",
        "bentoml",
        "litserve",
        "mosec",
        "mlserver",
        "kserve",
        "pytriton",
        "triton_python_backend_utils",
        "ts.torch_handler",
        "sagemaker_inference",
        "runpod",
        "modal",
        "cog",
        "beam",
        "truss",
        "langserve",
        "gradio",
        "streamlit",
        "chainlit",
        "nicegui",
        "dash",
        "mcp.server",
        "fastmcp",
        "discord",
        "telegram",
        "telebot",
        "aiogram",
        "slack_bolt",
        "celery",
        "kafka",
        "confluent_kafka",
        "pika",
        "rq",
        "dramatiq",
        "vllm.entrypoints.openai.api_server",
        "vllm.entrypoints.api_server",
        "vllm.entrypoints.launcher",
        "vllm.entrypoints.cli"
    };
    /* Engines that many requests share, so no script's. */
    private static final String[] SHARED = {
        "vllm.AsyncLLMEngine",
        "vllm.AsyncEngineArgs",
        "vllm.entrypoints.openai",
        "vllm.engine.async_llm_engine",
        "vllm.v1.engine.async_llm"
    };
    private static final Set<String> ASKS = Set.of("generate", "chat", "beam_search");
    /* What a platform calls in a file that imports nothing of it: SageMaker, Azure ML, inference endpoints of Hugging Face. */
    private static final Set<String> CALLED =
            Set.of("model_fn", "input_fn", "predict_fn", "transform_fn", "EndpointHandler");

    /// One program of the project.
    ///
    /// @param file absolute
    /// @param script whether it is run itself, and not only imported
    /// @param plain see [Plain]
    record Program(Path file, boolean serves, boolean script, boolean plain, Set<String> imports) {
        /// Of a file that is one; a manifest with a program in it is more than that.
        static Optional<Program> of(Found file, Facts facts) {
            return facts.python()
                    .filter(_ -> file.kind() == FileKind.PYTHON || file.kind() == FileKind.NOTEBOOK)
                    .map(python -> {
                        boolean script = file.kind() == FileKind.NOTEBOOK || isScript(python.module());
                        return new Program(
                                file.file().toAbsolutePath().normalize(),
                                isServer(facts, python, script),
                                script,
                                Plain.mayBe(python.module()),
                                importsOf(python));
                    });
        }
    }

    /// With what it names in a text: `uvicorn.run("app.main:app")`.
    private static Set<String> importsOf(Python python) {
        Set<String> all = new HashSet<>(python.module().imports());
        for (PythonModule.Site site : python.module().calls())
            if (site.name().matches("uvicorn\\.(run|Config)|hypercorn\\.run")
                    && !site.call().arguments().isEmpty()
                    && site.call().arguments().getFirst().value() instanceof Expression.Text application)
                all.add(application.text().split(":", 2)[0]);
        return all;
    }

    /// Whether it runs as a program, or asks a model as soon as it is read.
    private static boolean isScript(PythonModule module) {
        if (module.importsAny("unittest", "pytest")) return false; // whose tests run themselves
        for (PythonModule.Site site : module.calls())
            if (site.call().function() instanceof Expression.Attribute method
                    && (method.name().equals("map_batches") || site.scope().isModule() && ASKS.contains(method.name())))
                return true;
        for (Statement statement : module.program()) {
            if (statement instanceof Statement.Block block
                    && block.word().equals("if")
                    && block.branches().getFirst().heads().stream().anyMatch(Reach::isMain)) return true;
        }
        return false;
    }

    /// `__name__ == "__main__"`.
    private static boolean isMain(Expression condition) {
        return condition instanceof Expression.Comparison comparison
                && comparison.operands().stream()
                        .anyMatch(one ->
                                one instanceof Expression.Name name && name.id().equals("__name__"));
    }

    /// Whether a file, if it is no program, starts something that serves.
    static boolean serves(Facts facts) {
        return !facts.listeners().isEmpty()
                || !facts.deployments().isEmpty()
                || !facts.containers().isEmpty()
                || facts.engines().stream().anyMatch(engine -> engine.kind() == Engine.Kind.SERVER);
    }

    private static boolean isServer(Facts facts, Python python, boolean script) {
        PythonModule module = python.module();
        return serves(facts)
                || !script && module.importsAny(SHARED)
                || module.importsAny(SERVING)
                || module.functions().stream()
                        .anyMatch(owned -> CALLED.contains(owned.node().name()))
                || module.classes().stream()
                        .anyMatch(owned -> CALLED.contains(owned.node().name()))
                || defines(module, "init") && defines(module, "run");
    }

    private static boolean defines(PythonModule module, String function) {
        return module.program().stream()
                .anyMatch(statement -> statement instanceof Statement.Function defined
                        && defined.name().equals(function));
    }

    static final String NO_MODEL = "no model is run or asked here";

    private final Map<Path, Program> programs = new HashMap<>();
    private final Set<Path> reached;
    private final boolean somethingServes;
    private final Map<Path, List<Program>> uses = new HashMap<>();
    private final List<Set<Path>> served = new ArrayList<>(); // what each server imports
    private final Set<String> beginnings = new HashSet<>(); // of what an import can mean here

    /// @param othersServe whether a manifest or a command does: then a script beside them has no part in it
    /// @param named files that somebody named themselves: whatever uses them may lie elsewhere
    Reach(Collection<Program> all, boolean othersServe, Set<Path> named) {
        for (Program program : all) {
            programs.put(program.file, program);
            for (Path part : program.file) beginnings.add(part.toString().replaceFirst("\\.py$", ""));
        }
        List<Program> first =
                all.stream().filter(program -> program.serves).collect(Collectors.toCollection(ArrayList::new));
        somethingServes = othersServe || !first.isEmpty();
        if (first.isEmpty()) {
            Set<Path> used = closure(all.stream().filter(Program::script).toList());
            all.stream().filter(program -> !used.contains(program.file)).forEach(first::add);
        }
        all.stream().filter(program -> named.contains(program.file)).forEach(first::add);
        reached = closure(first);
    }

    /// These, and the modules that they import, in any number of steps.
    private Set<Path> closure(Collection<Program> first) {
        Set<Path> all = new HashSet<>();
        Deque<Program> next = new ArrayDeque<>(first);
        while (!next.isEmpty()) {
            Program program = next.remove();
            if (!all.add(program.file)) continue;
            next.addAll(uses(program));
        }
        return all;
    }

    /// What a finding is worth in its file: nothing changes where that is no program, or one that has a part in
    /// serving.
    Finding judged(Finding finding, Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        if (!programs.containsKey(absolute)) return finding;
        if (reached.contains(absolute))
            return finding.level() == Level.WARNING
                            && Plain.matters(finding.check().id())
                            && isWithoutModel(absolute)
                    ? finding.asNote(NO_MODEL)
                    : finding;
        if (finding.level() == Level.WARNING
                || somethingServes
                        && finding.level() == Level.ERROR
                        && finding.check().ofServers())
            return finding.asNote(
                    somethingServes ? "no program that serves uses this file" : "a script, and no program here serves");
        return finding;
    }

    /// Whether neither this program nor what it imports, nor what a server with it imports, can be a model or ask one.
    boolean isWithoutModel(Path file) {
        Program program = programs.get(file.toAbsolutePath().normalize());
        if (program == null || !program.plain || !allPlain(closure(List.of(program)))) return false;
        if (served.isEmpty())
            programs.values().stream().filter(Program::serves).forEach(server -> served.add(closure(List.of(server))));
        return served.stream().filter(all -> all.contains(program.file)).allMatch(this::allPlain);
    }

    private boolean allPlain(Set<Path> files) {
        for (Path file : files) {
            Program program = programs.get(file);
            if (program == null || !program.plain) return false;
            if (!program.imports.stream().allMatch(imported -> Plain.isKnown(imported) || isOwn(program, imported)))
                return false;
        }
        return true;
    }

    /// Whether an import is a module of the project that was read, a name in one, or a folder that leads to one.
    private boolean isOwn(Program program, String imported) {
        if (!find(program.file, imported).isEmpty()) return true;
        int dot = imported.lastIndexOf('.');
        if (dot > 0 && !find(program.file, imported.substring(0, dot)).isEmpty()) return true;
        return program.imports.stream()
                .anyMatch(other -> other.startsWith(imported + ".")
                        && !find(program.file, other).isEmpty());
    }

    private List<Program> uses(Program program) {
        return uses.computeIfAbsent(
                program.file,
                file -> program.imports.stream()
                        .flatMap(imported -> find(file, imported).stream())
                        .distinct()
                        .toList());
    }

    private List<Program> find(Path from, String imported) {
        int level = 0;
        while (level < imported.length() && imported.charAt(level) == '.') level++;
        String dotted = imported.substring(level);
        if (!dotted.isEmpty() && !beginnings.contains(dotted.split("\\.", 2)[0])) return List.of();
        List<Program> all = new ArrayList<>();
        Path folder = from.getParent();
        for (int up = 1; up < level && folder != null; up++) folder = folder.getParent();
        for (; folder != null; folder = level > 0 ? null : folder.getParent()) {
            Path at = dotted.isEmpty() ? folder : folder.resolve(dotted.replace('.', '/'));
            add(at.resolve("__init__.py"), all);
            if (!dotted.isEmpty()) add(at.resolveSibling(at.getFileName() + ".py"), all);
        }
        return all;
    }

    private void add(Path file, List<Program> all) {
        Program found = programs.get(file);
        if (found != null) all.add(found);
    }
}
