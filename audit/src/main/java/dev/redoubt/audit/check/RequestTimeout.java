package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import java.util.List;

/// `http_options` without `request_timeout_s`.
final class RequestTimeout implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.3/request-timeout",
            Level.WARNING,
            "requests have no deadline",
            List.of("CWE-400", References.SERVICE),
            "Ray Serve waits for ever unless request_timeout_s is stated: a request that hangs holds its place and its memory.",
            "set http_options.request_timeout_s to 30",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Listener listener : facts.listeners()) {
            if (listener.kind() == Listener.Kind.WEB || listener.kind() == Listener.Kind.DASHBOARD) continue;
            if (listener.settings().lacks("request_timeout_s"))
                findings.add(
                        INFO,
                        listener.start(),
                        listener.end(),
                        "no request_timeout_s is stated: requests wait for ever");
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
}
