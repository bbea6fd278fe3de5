package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.Scope;
import dev.redoubt.audit.python.Expression.Attribute;
import dev.redoubt.audit.python.Expression.Call;
import java.util.Set;

/// Bodies of requests, as frameworks hand them out.
final class Bodies {
    private Bodies() {}

    /// Whether the call reads, by one of these methods and without a bound, what a caller sends. A file of ours
    /// whose name a caller decides is none.
    static boolean isRead(Python python, Call call, Scope scope, Set<String> methods) {
        return call.arguments().isEmpty()
                && call.function() instanceof Attribute method
                && methods.contains(method.name())
                && !python.values().name(method.of(), scope).equals("open()")
                && (python.callers().decide(method.of(), scope)
                        || python.values()
                                .name(method.of(), scope)
                                .matches("(fastapi|starlette)\\.(.*\\.)?UploadFile\\(\\)")
                        || python.values().name(method.of(), scope).equals("flask.request"));
    }
}
