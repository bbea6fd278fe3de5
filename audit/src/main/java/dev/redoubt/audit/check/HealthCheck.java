package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.python.Statement.ClassType;
import dev.redoubt.audit.python.Statement.Function;
import java.util.List;

/// Periods of health checks, and code without `check_health`.
final class HealthCheck implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.5/health-check",
            Level.WARNING,
            "a deployment is probed too rarely",
            List.of("CWE-400"),
            "A replica that hangs gets requests until a probe finds it.",
            "leave health_check_period_s at 10 and health_check_timeout_s at 30, and write a check_health that asks the engine",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Deployment deployment : facts.deployments()) {
            look(deployment, "health_check_period_s", 10, findings);
            look(deployment, "health_check_timeout_s", 30, findings);
            if (deployment.code() instanceof ClassType type
                    && type.bases().isEmpty()
                    && type.body().stream()
                            .noneMatch(one -> one instanceof Function method
                                    && method.name().equals("check_health")))
                findings.add(
                        INFO,
                        Level.NOTE,
                        deployment.start(),
                        deployment.end(),
                        deployment.name() + " has no check_health");
        }
    }

    private static void look(Deployment deployment, String name, int limit, Findings findings) {
        deployment
                .settings()
                .get(name)
                .filter(setting -> setting.value().largest() > limit)
                .ifPresent(setting -> findings.add(
                        INFO,
                        setting,
                        deployment.start(),
                        deployment.end(),
                        name + " is " + setting.value().shown() + ", limit is " + limit));
    }
}
