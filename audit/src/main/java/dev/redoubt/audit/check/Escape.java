package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Statement;
import dev.redoubt.audit.python.Statement.Branch;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/// Whether what a function raises or returns comes to those who ask the program: other parts of it may stand between.
final class Escape {
    private Escape() {}

    /// Whether the deployment is only bound into others: what it returns is theirs to answer.
    static boolean isInner(Python python, Scope scope) {
        Statement.ClassType type = scope.type();
        if (type == null) return false;
        String bound = "." + type.name() + ".bind()";
        boolean inner = false;
        for (Site site : python.module().calls()) {
            if (site.name().endsWith("serve.run")
                    && !site.call().arguments().isEmpty()
                    && python.values()
                            .name(site.call().arguments().getFirst().value(), site.scope())
                            .equals(bound)) return false;
            if (!(site.call().function() instanceof Expression.Attribute method)
                    || !method.name().equals("bind")) continue;
            for (Expression.Argument argument : site.call().arguments())
                inner |= python.values().name(argument.value(), site.scope()).equals(bound);
        }
        return inner;
    }

    /// Whether all calls of the function stand in a `try` of this program that lets no exception out: nobody sees what
    /// it raises.
    static boolean isKept(Python python, Scope scope) {
        Statement.Function function = scope.function();
        if (function == null) return false;
        Set<Expression.Call> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Owned<Statement> owned : python.module().statements())
            if (owned.node() instanceof Statement.Block block
                    && block.word().equals("try")
                    && keepsAll(python, block, owned.scope()))
                for (Statement statement : block.branches().getFirst().body())
                    statement.walk(node -> {
                        if (node instanceof Expression.Call call) kept.add(call);
                    });
        boolean any = false;
        for (Site site : python.module().calls()) {
            if (!isOf(site.call(), function.name())) continue;
            if (!kept.contains(site.call())) return false;
            any = true;
        }
        return any;
    }

    private static boolean isOf(Expression.Call call, String function) {
        return call.function() instanceof Expression.Name name && name.id().equals(function)
                || call.function() instanceof Expression.Attribute method
                        && method.name().equals(function);
    }

    /// Whether what first catches an `HTTPException` neither raises it again nor shows it.
    private static boolean keepsAll(Python python, Statement.Block block, Scope scope) {
        for (Branch branch : block.branches()) {
            if (!branch.word().equals("except")) continue;
            boolean catches = branch.heads().isEmpty();
            for (Expression head : branch.heads())
                catches |= python.values().name(head, scope).matches("Exception|BaseException|.*HTTPException");
            if (!catches) continue;
            boolean[] out = new boolean[1];
            for (Statement statement : branch.body())
                statement.walk(node -> {
                    if (!(node instanceof Statement.Simple end)) return;
                    if (end.word().equals("raise") && end.values().isEmpty()) out[0] = true;
                    if (end.word().equals("raise") || end.word().equals("return"))
                        for (Expression value : end.values())
                            value.walk(part -> out[0] |= part instanceof Expression.Name name
                                    && name.id().equals(branch.name()));
                });
            return !out[0];
        }
        return false;
    }

    /// Whether the function yields: when it raises, the head of the answer has been sent.
    static boolean isStream(Scope scope) {
        Statement.Function function = scope.function();
        boolean[] found = new boolean[1];
        if (function != null)
            for (Statement statement : function.body())
                statement.walkHere(node -> found[0] |= node instanceof Expression.Prefixed prefixed
                        && prefixed.word().equals("yield"));
        return found[0];
    }

    /// Whether it is raised in a deployment that no route enters: an exception that crosses a handle answers nobody.
    static boolean isBehindHandle(Python python, Scope scope) {
        Statement.ClassType type = scope.type();
        Scope inside = scope;
        while (inside != null && !inside.equals(python.module().scope()) && inside.function() != null)
            inside = inside.parent();
        Scope outer = inside == null ? null : inside.parent();
        if (type == null || outer == null || !python.callers().isDeployed(type.decorators(), outer)) return false;
        for (Expression decorator : type.decorators())
            if (decorator instanceof Expression.Call call
                    && python.values().name(call.function(), outer).endsWith("serve.ingress")) return false;
        return true;
    }
}
