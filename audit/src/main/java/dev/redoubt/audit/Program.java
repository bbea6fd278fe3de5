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
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/// One program of a project, as far as [Reach] asks for it.
///
/// @param file absolute
/// @param serves by what it imports, defines or starts, see `SERVING`
/// @param script whether it is run itself, and not only imported
/// @param plain see [Plain#mayBe]
/// @param signs see [Signs]
record Program(Path file, boolean serves, boolean script, boolean plain, int signs, Set<String> imports) {
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
                            Signs.of(python.module()),
                            importsOf(python));
                });
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
        if (module.calls().stream()
                .anyMatch(site -> site.scope().isModule() && site.name().equals("asyncio.run"))) return true;
        for (Statement statement : module.program()) {
            if (statement instanceof Statement.Block block
                    && block.word().equals("if")
                    && block.branches().getFirst().heads().stream().anyMatch(Program::isMain)) return true;
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
}
