package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Statement;
import java.util.List;

/// Routes that answer with the environment.
final class ConfigRoute implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V5.5/config-route",
            Level.ERROR,
            "a route shows configuration or environment",
            List.of("CWE-497", "CWE-200"),
            "Environment and configuration hold tokens, paths and addresses, and stand on the port that callers reach.",
            "remove the route, or put it on a listener of its own with keys",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> {
            for (Owned<Statement> owned : python.module().statements()) {
                if (!(owned.node() instanceof Statement.Simple answer)
                        || !answer.word().equals("return")
                        || answer.values().isEmpty()) continue;
                Statement.Function function = owned.scope().function();
                if (function == null
                        || python.callers().handler(function, owned.scope()).isEmpty()) continue;
                answer.values().getFirst().walk(node -> {
                    if (node instanceof Expression shown && shows(python, shown, owned.scope()))
                        findings.add(INFO, answer, "callers see the environment or the configuration");
                });
            }
        });
    }

    /// Whether it is a model that a caller has sent, or one that the handler makes: a parameter, `Settings(name=…)`, or
    /// a class of the module that does not read the environment.
    private static boolean isCallersOwn(Python python, Expression.Call call, Scope scope) {
        if (!(call.function() instanceof Expression.Attribute method)) return false;
        Expression of = method.of();
        if (of instanceof Expression.Name name) {
            if (python.module().isParameter(name, scope)) return true;
            of = python.module().assigned(name, scope).orElse(of);
        }
        if (!(of instanceof Expression.Call made)) return false;
        return !made.arguments().isEmpty()
                || python.module().classes().stream()
                        .anyMatch(type -> made.function() instanceof Expression.Name name
                                && type.node().name().equals(name.id())
                                && type.node().bases().stream()
                                        .noneMatch(base -> base.value() instanceof Expression.Name kind
                                                && kind.id().contains("Settings")));
    }

    private static boolean shows(Python python, Expression expression, Scope scope) {
        if (!(expression instanceof Expression.Call call)) return false;
        String name = python.values().name(call.function(), scope);
        if (call.arguments().size() == 1 && (name.equals("dict") || name.equals("vars"))) {
            String of = python.values().name(call.arguments().getFirst().value(), scope);
            return of.equals("os.environ") || name.equals("vars") && of.matches("(?i).*(settings|config)(\\(\\))?");
        }
        return name.equals("os.environ.items")
                || name.equals("os.environ.copy")
                || !isCallersOwn(python, call, scope)
                        && name.matches("(?i).*(settings|config)\\(\\)\\.(dict|model_dump|json)");
    }
}
