package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Setting;
import java.util.List;
import java.util.Optional;

/// `enable_prefix_caching`, stated or by default.
final class SharedPrefixCache implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V1.1/shared-prefix-cache",
            Level.WARNING,
            "the prefix cache is shared by all callers",
            List.of("CWE-200", "CWE-203", References.DISCLOSURE, "CVE-2025-46570"),
            "A prompt that begins like an earlier one is answered faster, whoever asked before: a caller can find out what others have sent, word by word. Prefix caching is on by default where the model supports it.",
            "set enable_prefix_caching=False (--no-enable-prefix-caching), or run an engine for each tenant; a cache_salt of the server, not of the caller, also separates",
            "vLLM since 0.6 (on by default since the V1 engine); explicit before");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        if (facts.source().text().contains("cache_salt")) return;
        for (Engine engine : facts.engines()) {
            Optional<Setting> stated = engine.settings().get("enable_prefix_caching");
            if (stated.isPresent()) {
                if (stated.get().value().mayBe(true))
                    findings.add(INFO, Level.WARNING, engine, stated.get(), "all callers share one prefix cache");
            } else if (engine.settings().lacks("enable_prefix_caching")) {
                findings.add(
                        INFO,
                        Level.NOTE,
                        engine.start(),
                        engine.end(),
                        "enable_prefix_caching is not stated: it is on, and shared by all callers");
            }
        }
    }
}
