package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Callers.Handler;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Owned;
import dev.redoubt.audit.python.Statement;
import java.util.HashSet;
import java.util.Set;

/// Programs that a platform runs behind its own endpoint, by what it asks of them: the endpoint has TLS, and lets
/// nobody
/// in who has no credentials of the platform.
final class Hosting {
    private Hosting() {}

    static boolean isHosted(Facts facts) {
        return facts.source().text().contains("AIP_HTTP_PORT") // Vertex AI
                || facts.python().filter(Hosting::isOfSageMaker).isPresent();
    }

    /// SageMaker calls both of these, and nothing else.
    private static boolean isOfSageMaker(Python python) {
        Set<String> paths = new HashSet<>();
        for (Owned<Statement.Function> owned : python.module().functions())
            python.callers()
                    .handler(owned.node(), owned.scope())
                    .flatMap(Handler::path)
                    .ifPresent(paths::add);
        return paths.contains("/ping") && paths.contains("/invocations");
    }
}
