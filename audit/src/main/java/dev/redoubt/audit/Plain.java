package dev.redoubt.audit;

import dev.redoubt.audit.facts.PythonModule;
import java.util.Set;
import java.util.regex.Pattern;

/// Programs that can run no model and ask none: by all that they import, which is Python's own, a framework of the web,
/// or what moves data. Whatever else they import may be a model.
final class Plain {
    private static final Set<String> KNOWN = Set.of(
            "__future__",
            "abc",
            "argparse",
            "array",
            "ast",
            "asyncio",
            "atexit",
            "base64",
            "bisect",
            "collections",
            "concurrent",
            "configparser",
            "contextlib",
            "contextvars",
            "copy",
            "csv",
            "dataclasses",
            "datetime",
            "decimal",
            "enum",
            "functools",
            "gc",
            "getpass",
            "glob",
            "hashlib",
            "heapq",
            "hmac",
            "html",
            "http",
            "inspect",
            "io",
            "itertools",
            "json",
            "logging",
            "math",
            "mimetypes",
            "multiprocessing",
            "numbers",
            "operator",
            "os",
            "pathlib",
            "platform",
            "pprint",
            "queue",
            "random",
            "re",
            "secrets",
            "shutil",
            "signal",
            "socket",
            "sqlite3",
            "ssl",
            "statistics",
            "string",
            "struct",
            "sys",
            "tempfile",
            "textwrap",
            "threading",
            "time",
            "traceback",
            "types",
            "typing",
            "unicodedata",
            "urllib",
            "uuid",
            "warnings",
            "weakref",
            "zlib",
            "zoneinfo",
            "typing_extensions",
            "pydantic",
            "pydantic_settings",
            "fastapi",
            "starlette",
            "flask",
            "uvicorn",
            "gunicorn",
            "hypercorn",
            "ray",
            "requests",
            "httpx",
            "aiohttp",
            "websockets",
            "jinja2",
            "yaml",
            "dotenv",
            "redis",
            "celery",
            "boto3",
            "botocore",
            "sqlalchemy",
            "psycopg2",
            "asyncpg",
            "prometheus_client",
            "structlog",
            "loguru",
            "orjson",
            "pytz",
            "psutil",
            "tenacity",
            "IPython");
    private static final String[] OF_RAY = {"ray.serve.llm", "ray.train", "ray.data", "ray.rllib", "ray.tune", "ray.llm"
    };

    private static final Pattern SPEAKS_OF_ONE = Pattern.compile(
            "(?i)llm|gpt|vllm|completion|embedding|inference|predict|generat|transcri|classif|detect|checkpoint|tokeniz|num_gpus|\\bexec\\(|\\beval\\(");

    private static final Set<String> OF_MODELS = Set.of(
            "R1.1/resource-limits",
            "R1.1/ongoing-requests",
            "R1.2/public-bind",
            "R1.3/request-timeout",
            "R1.5/health-check",
            "R2.1/max-replicas",
            "R2.3/twitchy-autoscaling",
            "R2.4/autoscaling-without-limits",
            "R4.1/default-namespace",
            "R5.3/exception-text",
            "V5.1/unbounded-field",
            "V5.3/route-without-key");

    private Plain() {}

    /// Whether a check is about serving a model, and says nothing of a program without one.
    static boolean matters(String check) {
        return OF_MODELS.contains(check);
    }

    /// Whether nothing in the text itself speaks of a model.
    static boolean mayBe(PythonModule module) {
        return !module.importsAny(OF_RAY)
                && !SPEAKS_OF_ONE.matcher(module.source().text()).find();
    }

    /// Whether a name that is imported, and is no module of the project, belongs to nothing that could be a model.
    static boolean isKnown(String imported) {
        return KNOWN.contains(imported.split("\\.", 2)[0]);
    }
}
