package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Callers.Framework;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Statement;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Routes of FastAPI in a program that runs a model and checks nothing.
final class RouteWithoutKey implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V5.3/route-without-key",
            Level.WARNING,
            "a route that computes asks for no key",
            List.of("CWE-306", References.SERVICE),
            "Whoever reaches the port uses the model, and makes the autoscaler start replicas.",
            "add a dependency to the application or the route that checks a key: FastAPI(dependencies=[Depends(check_key)])",
            "FastAPI, all versions");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python()
                .filter(python -> python.module().importsAny("vllm", "ray.serve"))
                .ifPresent(python -> {
                    if (!python.module().importsAny("fastapi") || isGuarded(python) || isHere(facts)) return;
                    for (Owned<Statement.Function> owned : python.module().functions())
                        python.callers()
                                .handler(owned.node(), owned.scope())
                                .filter(handler -> handler.framework() == Framework.FASTAPI
                                        && handler.method()
                                                .filter("post"::equals)
                                                .isPresent())
                                .filter(_ -> !Hosted.asksForTokens(
                                        facts, owned.node().start()))
                                .ifPresent(handler -> findings.add(
                                        INFO,
                                        owned.node().decorators().getFirst(),
                                        handler.path().orElse("the route") + " asks for no key"));
                });
    }

    /// Whether the program itself listens, and on loopback alone.
    private static boolean isHere(Facts facts) {
        return !facts.listeners().isEmpty()
                && facts.listeners().stream()
                        .allMatch(listener -> LOCAL_BY_DEFAULT.contains(listener.kind())
                                && listener.settings()
                                        .get("host")
                                        .map(host -> Hosts.isLoopback(host.value()))
                                        .orElse(!listener.settings().open()));
    }

    private static final Set<Listener.Kind> LOCAL_BY_DEFAULT = EnumSet.of(Listener.Kind.WEB, Listener.Kind.SERVE_CODE);

    /// Anything that may look at keys: a dependency, a middleware other than those that never do, a header.
    private static boolean isGuarded(Python python) {
        for (Site site : python.module().calls()) {
            String name = site.name();
            if (name.endsWith(".Depends") && !site.call().arguments().isEmpty() // else it reads fields
                    || name.endsWith(".Security")
                    || name.endsWith(".Header")
                    || name.contains("fastapi.security.")) return true;
            if (name.endsWith(".add_middleware")
                    && !site.call().arguments().isEmpty()
                    && !PASSING.contains(last(python.values()
                            .name(site.call().arguments().getFirst().value(), site.scope())))) return true;
            if (name.endsWith(".middleware")
                    || name.endsWith(".include_router")
                            && site.call().arguments().size() > 1) return true;
            if (name.endsWith("headers.get")) return true;
        }
        for (Owned<Expression> other : python.module().others())
            if (other.node() instanceof Expression.Comparison comparison
                    && comparison.operands().stream().anyMatch(RouteWithoutKey::isKey)) return true;
        return false;
    }

    private static boolean isKey(Expression expression) {
        return expression instanceof Expression.Name name && name.id().matches("(?i).*(api_?key|auth|token)")
                || expression instanceof Expression.Attribute attribute
                        && attribute.name().matches("(?i).*(api_?key|auth|token)");
    }

    private static String last(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    private static final Set<String> PASSING =
            Set.of("CORSMiddleware", "GZipMiddleware", "TrustedHostMiddleware", "HTTPSRedirectMiddleware");
}
