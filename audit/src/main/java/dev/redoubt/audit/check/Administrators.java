package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Callers.Handler;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression;
import dev.redoubt.audit.python.Node;
import dev.redoubt.audit.python.Parameter;
import dev.redoubt.audit.python.Statement;
import java.util.Locale;

/// Routes that are for those who run the server, and not for its callers.
final class Administrators {
    private Administrators() {}

    /// Whether a function is a route below `/admin`, or one that lets administrators in alone.
    static boolean use(Python python, Scope scope) {
        Statement.Function function = scope.function();
        if (function == null || python.callers().handler(function, scope).isEmpty()) return false;
        boolean[] found = new boolean[1];
        for (Expression decorator : function.decorators()) decorator.walk(node -> found[0] |= namesOne(node));
        for (Parameter parameter : function.parameters()) {
            if (parameter.type() != null) parameter.type().walk(node -> found[0] |= namesOne(node));
            if (parameter.value() != null) parameter.value().walk(node -> found[0] |= namesOne(node));
        }
        return found[0]
                || python.callers()
                        .handler(function, scope)
                        .flatMap(Handler::path)
                        .filter(path -> path.matches(".*/admin(/.*)?"))
                        .isPresent();
    }

    private static boolean namesOne(Node node) {
        return node instanceof Expression.Name name
                && name.id().toLowerCase(Locale.ROOT).contains("admin");
    }
}
