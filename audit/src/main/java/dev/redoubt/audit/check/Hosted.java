package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Callers.Handler;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Programs that a platform runs. It demands that they listen on all interfaces of their container, which nobody
/// reaches but its own proxy. Where a program does not say by its own calls what runs it, nothing is assumed.
final class Hosted {
    private Hosted() {}

    /// Whether a proxy of the platform with TLS stands before what is started there.
    ///
    /// @param at where, an offset into the file's text
    static boolean isBehindProxy(Facts facts, int at) {
        return facts.python()
                .filter(python -> isModal(python) || isCog(python, at) || asksForTokens(facts, at))
                .isPresent();
    }

    /// Whether the platform also lets nobody in without a token or a signature.
    static boolean asksForTokens(Facts facts, int at) {
        return facts.python()
                .filter(python -> isSageMaker(python)
                        || isVertex(facts)
                        || isRunPodWorker(python)
                        || isInside(python)
                        || isLepton(python)
                        || isModal(python) && hasProxyAuth(python, at))
                .isPresent();
    }

    /// Modal calls a function of the program, or a method of a class: `@app.function(…)`, `@modal.web_server(…)`.
    private static boolean isModal(Python python) {
        return python.module().importsAny("modal") && decorators(python).anyMatch(name -> name.startsWith("modal."));
    }

    /// Whether what is started in a program of Modal is reached by that program alone.
    private static boolean isInside(Python python) {
        return isModal(python)
                && decorators(python)
                        .noneMatch(name -> name.matches(
                                "modal\\..*(web_server|web_endpoint|fastapi_endpoint|asgi_app|wsgi_app).*"));
    }

    private static Stream<String> decorators(Python python) {
        Stream<Decorator> functions = python.module().functions().stream()
                .flatMap(owned -> of(owned.node().decorators(), owned.scope()));
        Stream<Decorator> classes = python.module().classes().stream()
                .flatMap(owned -> of(owned.node().decorators(), owned.scope()));
        return Stream.concat(functions, classes).map(one -> one.name(python));
    }

    private static boolean hasProxyAuth(Python python, int at) {
        return decorators(python, at).stream()
                .anyMatch(one -> one.expression instanceof Expression.Call call
                        && one.name(python).startsWith("modal.")
                        && python.values()
                                .arguments(call, one.outer)
                                .get("requires_proxy_auth")
                                .filter(setting -> setting.value().mayBe(true))
                                .isPresent());
    }

    /// A predictor of Cog, whose own server is the only one that its container publishes.
    private static boolean isCog(Python python, int at) {
        for (Owned<Statement.ClassType> type : python.module().classes())
            if (holds(type.node(), at) && type.scope().parent() != null)
                for (Expression.Argument base : type.node().bases())
                    if (python.values()
                            .name(base.value(), type.scope().parent())
                            .equals("cog.BasePredictor")) return true;
        return false;
    }

    /// The contract of SageMaker's containers: `GET /ping`, and nothing to post to but `/invocations`. Who calls is
    /// asked for a signature.
    private static boolean isSageMaker(Python python) {
        boolean pings = false;
        boolean invoked = false;
        for (Owned<Statement.Function> function : python.module().functions()) {
            Optional<Handler> handler = python.callers().handler(function.node(), function.scope());
            String path = handler.flatMap(Handler::path).orElse("");
            if (path.equals("/ping")) pings = true;
            else if (path.equals("/invocations")) invoked = true;
            else if (handler.flatMap(Handler::method).filter("post"::equals).isPresent()) return false;
        }
        return pings && invoked;
    }

    /// Vertex AI tells its containers by these where to listen, and asks for a token of IAM.
    private static boolean isVertex(Facts facts) {
        String text = facts.source().text();
        return text.contains("AIP_HTTP_PORT") || text.contains("AIP_PREDICT_ROUTE");
    }

    /// A worker that fetches its jobs: no port of its container is published.
    private static boolean isRunPodWorker(Python python) {
        return python.module().calls().stream().anyMatch(site -> site.name().equals("runpod.serverless.start"));
    }

    /// Lepton's containers stand behind its TLS, and its deployments have tokens.
    private static boolean isLepton(Python python) {
        return python.module().calls().stream().anyMatch(site -> site.name().endsWith(".LeptonContainer"));
    }

    /// @param outer where the decorator stands
    private record Decorator(Expression expression, Scope outer) {
        String name(Python python) {
            return python.values().name(expression, outer);
        }
    }

    /// Of all functions and classes around a place.
    private static List<Decorator> decorators(Python python, int at) {
        List<Decorator> all = new ArrayList<>();
        for (Owned<Statement.Function> function : python.module().functions())
            if (holds(function.node(), at))
                of(function.node().decorators(), function.scope()).forEach(all::add);
        for (Owned<Statement.ClassType> type : python.module().classes())
            if (holds(type.node(), at))
                of(type.node().decorators(), type.scope()).forEach(all::add);
        return all;
    }

    private static Stream<Decorator> of(List<Expression> decorators, Scope inside) {
        @Nullable Scope outer = inside.parent();
        return outer == null ? Stream.empty() : decorators.stream().map(one -> new Decorator(one, outer));
    }

    private static boolean holds(Statement statement, int at) {
        return statement.start() <= at && at < statement.end();
    }
}
