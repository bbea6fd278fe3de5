package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Python;
import java.util.List;
import java.util.Optional;

/// What a program answers, all its routes together.
final class Routes {
    private Routes() {}

    /// Whether all that it answers is how it is: an exporter of metrics.
    static boolean onlyMeasure(Facts facts, Listener listener) {
        if (listener.kind() != Listener.Kind.WEB || facts.python().isEmpty()) return false;
        Python python = facts.python().get();
        List<String> paths = python.module().functions().stream()
                .map(owned -> python.callers().handler(owned.node(), owned.scope()))
                .flatMap(Optional::stream)
                .map(handler -> handler.path().orElse(""))
                .toList();
        return !paths.isEmpty()
                && paths.stream().allMatch(path -> path.matches("/(metrics|health|ready|live)[\\w/-]*"));
    }
}
