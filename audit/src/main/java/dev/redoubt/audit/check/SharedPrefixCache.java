package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.check.Affected.Reach;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Product;
import dev.redoubt.audit.facts.Setting;
import java.util.List;
import java.util.Optional;

/// `enable_prefix_caching`, stated or by default.
final class SharedPrefixCache implements Check {
    private static final Affected BY_DEFAULT = Affected.since(Product.VLLM, "0.8.0");
    private static final Affected COLLIDES = Affected.before(Product.VLLM, "0.7.2"); // CVE-2025-25183

    private static final CheckInfo INFO = new CheckInfo(
            "V1.1/shared-prefix-cache",
            Level.WARNING,
            "the prefix cache is shared by all callers",
            List.of("CWE-200", "CWE-203", References.DISCLOSURE, "CVE-2025-46570", "CVE-2025-25183"),
            "A prompt that begins like an earlier one is answered faster, whoever asked before: a caller can find out what others have sent, word by word. Prefix caching is on by default where the model supports it.",
            "set enable_prefix_caching=False (--no-enable-prefix-caching), or run an engine for each tenant; a cache_salt of the server, not of the caller, also separates",
            "stated: vLLM, all versions; by default: " + BY_DEFAULT);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        if (facts.source().text().contains("cache_salt")) return;
        for (Engine engine : facts.engines()) {
            Optional<Setting> stated = engine.settings().get("enable_prefix_caching");
            findings.unknown(INFO, engine, "enable_prefix_caching");
            if (stated.isPresent() && stated.get().value().mayBe(true))
                findings.add(
                        INFO,
                        Level.WARNING,
                        engine,
                        stated.get(),
                        "all callers share one prefix cache" + keys(facts),
                        BY_DEFAULT.in(facts) == Reach.ALL
                                ? Fixes.turnOff(facts, stated.get())
                                : Fixes.setFalse(facts, stated.get()));
            if (engine.settings().lacks("enable_prefix_caching")) unstated(facts, engine, findings);
        }
    }

    private static String keys(Facts facts) {
        return COLLIDES.in(facts) == Reach.NONE
                ? ""
                : ", and its keys can be made to collide" + COLLIDES.decided(facts);
    }

    private static void unstated(Facts facts, Engine engine, Findings findings) {
        Reach reach = BY_DEFAULT.in(facts);
        if (reach == Reach.NONE) return;
        findings.add(
                INFO,
                Level.NOTE,
                engine.start(),
                engine.end(),
                "enable_prefix_caching is not stated: it " + (reach == Reach.ALL ? "is" : "may be")
                        + " on, and shared by all callers" + BY_DEFAULT.decided(facts));
    }
}
