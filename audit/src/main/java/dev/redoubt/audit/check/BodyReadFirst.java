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
import java.util.Set;

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
                            && !Administrators.use(python, owned.scope())
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
        return value instanceof Expression.Call call && Bodies.isRead(python, call, scope, METHODS);
    }

    private static final Set<String> METHODS = Set.of("body", "read", "get_data");

    /// Whether it is compared with a size, and not with zero.
    private static boolean isLarge(Python python, Expression.Comparison comparison, Scope scope) {
        return comparison.operands().stream().anyMatch(operand -> {
            var value = python.values().of(operand, scope);
            return !(operand instanceof Expression.Call) && (value.largest() > 64 || value.equals(Value.unknown()));
        });
    }
}
