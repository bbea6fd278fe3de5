package dev.redoubt.audit;

import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.source.FileFinder.Found;
import dev.redoubt.audit.source.FileKind;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Which programs of a project have a part in serving: those that serve, and the modules that these import, in any
/// number of steps. What trains, converts, evaluates or computes a batch beside them serves nobody. A name that
/// is imported at run time only is not followed. Where no program serves, each may: what serves them is elsewhere.
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
        "vllm.entrypoints",
        "vllm.AsyncLLMEngine",
        "vllm.AsyncEngineArgs",
        "vllm.engine.async_llm_engine",
        "vllm.v1.engine.async_llm"
    };
    /* What a platform calls in a file that imports nothing of it: SageMaker, Azure ML, inference endpoints of Hugging Face. */
    private static final Set<String> CALLED =
            Set.of("model_fn", "input_fn", "predict_fn", "transform_fn", "EndpointHandler");

    /// One program of the project.
    ///
    /// @param file absolute
    record Program(Path file, boolean serves, Set<String> imports) {
        /// Of a file that is one; a manifest with a program in it is more than that.
        static Optional<Program> of(Found file, Facts facts) {
            return facts.python()
                    .filter(_ -> file.kind() == FileKind.PYTHON || file.kind() == FileKind.NOTEBOOK)
                    .map(python -> new Program(
                            file.file().toAbsolutePath().normalize(),
                            isServer(facts, python),
                            python.module().imports()));
        }
    }

    private static boolean isServer(Facts facts, Python python) {
        PythonModule module = python.module();
        return !facts.listeners().isEmpty()
                || !facts.deployments().isEmpty()
                || facts.engines().stream().anyMatch(engine -> engine.kind() == Engine.Kind.SERVER)
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

    private final Map<Path, Program> programs = new HashMap<>();
    private final Set<Path> reached = new HashSet<>();
    private final Set<String> beginnings = new HashSet<>(); // of what an import can mean here

    /// @param named files that somebody named themselves: whatever uses them may lie elsewhere
    Reach(Collection<Program> all, Set<Path> named) {
        boolean known = all.stream().anyMatch(Program::serves);
        Deque<Program> next = new ArrayDeque<>();
        for (Program program : all) {
            programs.put(program.file, program);
            for (Path part : program.file) beginnings.add(part.toString().replaceFirst("\\.py$", ""));
            if (!known || program.serves || named.contains(program.file)) next.add(program);
        }
        while (!next.isEmpty()) {
            Program program = next.remove();
            if (!reached.add(program.file)) continue;
            for (String imported : program.imports) find(program.file, imported, next);
        }
    }

    /// Whether it is no program, or one that has a part in serving.
    boolean includes(Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        return !programs.containsKey(absolute) || reached.contains(absolute);
    }

    private void find(Path from, String imported, Deque<Program> next) {
        int level = 0;
        while (level < imported.length() && imported.charAt(level) == '.') level++;
        String dotted = imported.substring(level);
        if (!dotted.isEmpty() && !beginnings.contains(dotted.split("\\.", 2)[0])) return;
        Path folder = from.getParent();
        for (int up = 1; up < level && folder != null; up++) folder = folder.getParent();
        for (; folder != null; folder = level > 0 ? null : folder.getParent()) {
            Path at = dotted.isEmpty() ? folder : folder.resolve(dotted.replace('.', '/'));
            add(at.resolve("__init__.py"), next);
            if (!dotted.isEmpty()) add(at.resolveSibling(at.getFileName() + ".py"), next);
        }
    }

    private void add(Path file, Deque<Program> next) {
        Program found = programs.get(file);
        if (found != null && !reached.contains(file)) next.add(found);
    }
}
