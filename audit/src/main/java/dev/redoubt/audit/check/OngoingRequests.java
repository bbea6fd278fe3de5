package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Deployment;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

/// `max_ongoing_requests` beyond 100, and unbounded queues.
final class OngoingRequests implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.1/ongoing-requests",
            Level.WARNING,
            "a replica takes more requests than it can bound",
            List.of("CWE-770", References.SERVICE),
            "What a replica accepts it must hold in memory. The queue before it is unbounded unless max_queued_requests is stated, and counts for each caller of a handle alone.",
            "set max_ongoing_requests to at most 100 and max_queued_requests to a number",
            "Ray since 2.9; max_concurrent_queries before 2.32");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Deployment deployment : facts.deployments()) {
            for (String name : List.of("max_ongoing_requests", "max_concurrent_queries"))
                deployment
                        .settings()
                        .get(name)
                        .filter(setting -> setting.value().largest() > 100)
                        .ifPresent(setting -> findings.add(
                                INFO,
                                setting,
                                deployment.start(),
                                deployment.end(),
                                name + " is " + setting.value().shown() + ", limit is 100"));
            findings.unknown(
                    INFO,
                    deployment.settings(),
                    deployment.start(),
                    deployment.end(),
                    "max_ongoing_requests",
                    "max_concurrent_queries");
            if (deployment.whole() && deployment.settings().lacks("max_queued_requests"))
                findings.add(
                        INFO,
                        Level.NOTE,
                        deployment.start(),
                        deployment.end(),
                        deployment.name() + " states no max_queued_requests: its queue is unbounded");
        }
    }
}
