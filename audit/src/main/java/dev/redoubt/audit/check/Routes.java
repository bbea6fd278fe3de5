package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Callers.Handler;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.python.Statement;
import java.util.Optional;

/// What a program answers, all its routes together.
final class Routes {
    private Routes() {}

    /// Whether all that it answers is how it is: an exporter of metrics.
    static boolean onlyMeasure(Facts facts, Listener listener) {
        if (listener.kind() != Listener.Kind.WEB || facts.python().isEmpty()) return false;
        Python python = facts.python().get();
        boolean any = false;
        for (Owned<Statement.Function> owned : python.module().functions()) {
            Optional<Handler> handler = python.callers().handler(owned.node(), owned.scope());
            if (handler.isEmpty()) continue;
            if (!handler.get().path().orElse("").matches("/(metrics|health|ready|live)[\\w/-]*")) return false;
            any = true;
        }
        return any;
    }
}
