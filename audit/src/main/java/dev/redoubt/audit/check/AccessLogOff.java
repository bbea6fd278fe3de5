package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Settings;
import java.util.List;

/// Access logs that are turned off.
final class AccessLogOff implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.8/access-log-off",
            Level.WARNING,
            "the access log is off",
            List.of("CWE-778"),
            "Who was served or refused is then known to nobody.",
            "leave the access log on; it holds no content",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Listener listener : facts.listeners())
            listener.settings()
                    .get("access_log")
                    .filter(setting -> setting.value().mayBe(false) && !Routes.onlyMeasure(facts, listener))
                    .ifPresent(setting ->
                            findings.add(INFO, setting, listener.start(), listener.end(), "the access log is off"));
        for (Engine engine : facts.engines())
            engine.settings()
                    .get("disable_uvicorn_access_log")
                    .filter(setting -> setting.value().mayBe(true))
                    .ifPresent(setting -> findings.add(INFO, Level.WARNING, engine, setting, "the access log is off"));
        for (Deployment deployment : facts.deployments()) {
            Settings logging = deployment.settings().group("logging_config");
            logging.get("enable_access_log")
                    .filter(setting -> setting.value().mayBe(false))
                    .ifPresent(setting ->
                            findings.add(INFO, setting, deployment.start(), deployment.end(), "the access log is off"));
        }
    }
}
