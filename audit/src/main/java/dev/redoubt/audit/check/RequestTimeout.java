package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Product;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Value;
import java.util.List;

/// `http_options` without `request_timeout_s`.
final class RequestTimeout implements Check {
    /* ray-project/ray 36107, and 37884 for files: before there was a variable of the environment, or nothing. */
    private static final Affected STATED = Affected.since(Product.RAY, "2.6.2");

    private static final CheckInfo INFO = new CheckInfo(
            "R1.3/request-timeout",
            Level.WARNING,
            "requests have no deadline",
            List.of("CWE-400", References.SERVICE),
            "Ray Serve waits for ever unless request_timeout_s is stated: a request that hangs holds its place and its memory.",
            "set http_options.request_timeout_s to 30",
            References.ALL_RAY + "; request_timeout_s: " + STATED);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Listener listener : facts.listeners()) {
            if (listener.kind() == Listener.Kind.WEB || listener.kind() == Listener.Kind.DASHBOARD) continue;
            if (listener.kind() == Listener.Kind.SERVE_CODE && isBehindHandles(facts)) continue;
            if (listener.settings().lacks("request_timeout_s"))
                findings.add(
                        INFO,
                        STATED.in(facts) == Affected.Reach.NONE ? Level.NOTE : Level.WARNING,
                        listener.start(),
                        listener.end(),
                        STATED.in(facts) == Affected.Reach.NONE
                                ? "requests wait for ever, and this release has no request_timeout_s"
                                        + STATED.decided(facts)
                                : "no request_timeout_s is stated: requests wait for ever");
            findings.unknown(INFO, listener.settings(), listener.start(), listener.end(), "request_timeout_s");
            listener.settings()
                    .get("request_timeout_s")
                    .filter(setting -> setting.value().largest() > 30)
                    .ifPresent(setting -> findings.add(
                            INFO,
                            Level.NOTE,
                            setting,
                            listener.start(),
                            listener.end(),
                            "request_timeout_s is " + setting.value().shown() + ", limit is 30"));
        }
    }

    /// Whether the program gives none of its applications a route: what waits is who calls their handles.
    private static boolean isBehindHandles(Facts facts) {
        return facts.python().stream().anyMatch(python -> {
            List<Site> runs = python.module().calls().stream()
                    .filter(site -> site.name().equals("ray.serve.run"))
                    .toList();
            return !runs.isEmpty()
                    && runs.stream()
                            .allMatch(site -> python.values()
                                    .arguments(site.call(), site.scope())
                                    .get("route_prefix")
                                    .filter(prefix -> prefix.value().equals(Value.nothing()))
                                    .isPresent());
        });
    }
}
