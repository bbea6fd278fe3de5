package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

/// Flags that write what callers send into logs.
final class RequestLogging implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V1.6/request-logging",
            Level.WARNING,
            "requests are logged with their content",
            List.of("CWE-532", References.DISCLOSURE),
            "Prompts and outputs in a log are readable by whoever reads logs, and stay there. Since late 2025 vLLM logs no requests unless it is told to; before, it did unless it was told not to.",
            "leave out enable_log_requests and enable_log_outputs; before vLLM 0.12 set disable_log_requests",
            "disable_log_requests: vLLM up to 0.11; enable_log_requests: since 0.10");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines()) {
            look(engine, "enable_log_requests", true, findings);
            look(engine, "enable_log_outputs", true, findings);
            look(engine, "disable_log_requests", false, findings);
        }
    }

    private static void look(Engine engine, String name, boolean bad, Findings findings) {
        engine.settings()
                .get(name)
                .filter(setting -> setting.value().mayBe(bad))
                .ifPresent(setting -> findings.add(
                        INFO, Level.WARNING, engine, setting, name + " writes what callers send into the log"));
    }
}
