package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.python.Expression;
import java.util.List;

/// `len` of a body that is in memory already.
final class BodyReadFirst implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.4/body-read-first",
            Level.ERROR,
            "a body is read whole before its size is checked",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "The memory is gone before the check: a few large bodies end the server.",
            "check Content-Length before reading, and count bytes while reading request.stream()",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> {
            for (Owned<Expression> owned : python.module().others()) {
                if (!(owned.node() instanceof Expression.Comparison comparison)) continue;
                for (Expression operand : comparison.operands())
                    if (operand instanceof Expression.Call call
                            && call.function() instanceof Expression.Name function
                            && function.id().equals("len")
                            && call.arguments().size() == 1
                            && isBody(python, call.arguments().getFirst().value(), owned.scope())
                            && isLarge(python, comparison, owned.scope()))
                        findings.add(INFO, comparison, "the whole body is in memory when its size is checked");
            }
        });
    }

    /// What `request.body()` or `file.read()` has read, without a bound.
    private static boolean isBody(Python python, Expression read, Scope scope) {
        Expression value = read instanceof Expression.Name name
                ? python.module().assigned(name, scope).orElse(name)
                : read;
        if (value instanceof Expression.Prefixed awaited) value = awaited.value();
        if (!(value instanceof Expression.Call call) || !(call.function() instanceof Expression.Attribute method))
            return false;
        if (!call.arguments().isEmpty()
                || !(method.name().equals("body")
                        || method.name().equals("read")
                        || method.name().equals("get_data"))) return false;
        return python.callers().decide(method.of(), scope)
                || python.values().name(method.of(), scope).equals("flask.request");
    }

    /// Whether it is compared with a size, and not with zero.
    private static boolean isLarge(Python python, Expression.Comparison comparison, Scope scope) {
        return comparison.operands().stream().anyMatch(operand -> {
            var value = python.values().of(operand, scope);
            return !(operand instanceof Expression.Call) && (value.largest() > 64 || value.equals(Value.unknown()));
        });
    }
}
