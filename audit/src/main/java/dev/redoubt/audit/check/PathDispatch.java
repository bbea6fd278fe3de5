package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import java.util.List;
import java.util.Set;

/// Handles looked up by what a caller sends.
final class PathDispatch implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R4.4/path-dispatch",
            Level.ERROR,
            "an application is chosen by the text of the path",
            List.of("CWE-269", "CWE-639", "CVE-2026-48746"),
            "What authorization compares and what dispatch resolves then differ: a caller reaches an application whose key it has not.",
            "let the router resolve the handler, and decide on what it resolved",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> look(python, findings));
    }

    private static final Set<String> HANDLES = Set.of(
            "ray.serve.get_app_handle", "ray.serve.get_deployment_handle", "ray.serve.get_deployment", "ray.get_actor");

    /// Whether the function asks first if the name is one that it knows: `if name not in models: …`.
    private static boolean isLookedUp(Python python, Expression chosen, Scope scope) {
        return chosen instanceof Expression.Name name
                && python.module().others().stream()
                        .anyMatch(other -> other.scope().equals(scope)
                                && other.node() instanceof Expression.Comparison comparison
                                && comparison.operators().stream().anyMatch(operator -> operator.endsWith("in"))
                                && comparison.operands().getFirst() instanceof Expression.Name asked
                                && asked.id().equals(name.id()));
    }

    private static void look(Python python, Findings findings) {
        for (Site site : python.module().calls()) {
            boolean handle = HANDLES.contains(site.name());
            boolean method =
                    site.name().equals("getattr") && site.call().arguments().size() >= 2;
            if (!handle && !method || site.call().arguments().isEmpty()) continue;
            Expression chosen = site.call().arguments().get(method ? 1 : 0).value();
            if (python.callers().decide(chosen, site.scope()) && !isLookedUp(python, chosen, site.scope()))
                findings.add(INFO, site.call(), site.name() + " takes what a caller names");
        }
    }
}
