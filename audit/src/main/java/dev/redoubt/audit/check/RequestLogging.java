package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.check.Affected.Reach;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Product;
import dev.redoubt.audit.facts.Setting;
import java.util.List;

/// Flags that write what callers send into logs.
final class RequestLogging implements Check {
    private static final Affected BY_DEFAULT = Affected.before(Product.VLLM, "0.10.1");
    private static final Affected DISABLING = Affected.before(Product.VLLM, "0.12.0");

    private static final CheckInfo INFO = new CheckInfo(
            "V1.6/request-logging",
            Level.WARNING,
            "requests are logged with their content",
            List.of("CWE-532", References.DISCLOSURE),
            "Prompts and outputs in a log are readable by whoever reads logs, and stay there. Since 0.10.1 vLLM logs no requests unless it is told to; before, its server did unless it was told not to.",
            "leave out enable_log_requests and enable_log_outputs; before vLLM 0.10.1 set disable_log_requests",
            "by default: " + BY_DEFAULT + "; disable_log_requests is read: " + DISABLING);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines()) {
            for (String name : List.of("enable_log_requests", "enable_log_outputs"))
                engine.settings()
                        .get(name)
                        .filter(setting -> setting.value().mayBe(true))
                        .ifPresent(setting -> findings.add(
                                INFO, Level.WARNING, engine, setting, name + WRITES, Fixes.turnOff(facts, setting)));
            findings.unknown(INFO, engine, "enable_log_requests", "enable_log_outputs");
            if (DISABLING.in(facts) != Reach.NONE) findings.unknown(INFO, engine, "disable_log_requests");
            engine.settings()
                    .get("disable_log_requests")
                    .filter(setting -> setting.value().mayBe(false))
                    .ifPresent(setting -> notDisabled(facts, engine, setting, findings));
            if (engine.kind() == Engine.Kind.SERVER
                    && engine.settings().lacks("disable_log_requests", "enable_log_requests"))
                unstated(facts, engine, findings);
        }
    }

    /// Where nobody states a release, the flag itself says that one is meant which reads it.
    private static void notDisabled(Facts facts, Engine engine, Setting setting, Findings findings) {
        Reach reach = DISABLING.in(facts);
        if (reach == Reach.NONE && facts.release(Product.VLLM).isPresent()) return;
        findings.add(
                INFO,
                reach == Reach.ALL ? Level.WARNING : Level.NOTE,
                engine,
                setting,
                "disable_log_requests=False" + WRITES + " before 0.12" + DISABLING.decided(facts),
                Fixes.setTrue(facts, setting));
    }

    private static void unstated(Facts facts, Engine engine, Findings findings) {
        Reach reach = BY_DEFAULT.in(facts);
        if (reach == Reach.NONE) return;
        findings.add(
                INFO,
                reach == Reach.ALL ? Level.WARNING : Level.NOTE,
                engine.start(),
                engine.end(),
                "disable_log_requests is not stated, which" + WRITES + BY_DEFAULT.decided(facts));
    }

    private static final String WRITES = " writes what callers send into the log";
}
