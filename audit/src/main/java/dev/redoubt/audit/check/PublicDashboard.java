package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Values;
import java.util.List;

/// `--dashboard-host 0.0.0.0`, which hands out the cluster.
final class PublicDashboard implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.2/public-dashboard",
            Level.ERROR,
            "Ray's dashboard listens on all interfaces",
            List.of("CWE-306", "CVE-2023-48022"),
            "The dashboard accepts jobs and deploys applications: whoever reaches it runs code on the cluster. Token authentication is off unless RAY_AUTH_MODE=token is set, and it is one secret for all.",
            "leave dashboard_host at 127.0.0.1 and reach it through a tunnel",
            References.ALL_RAY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Listener listener : facts.listeners()) {
            if (listener.kind() != Listener.Kind.DASHBOARD) continue;
            listener.settings()
                    .get("host")
                    .filter(host -> Hosts.mayBePublic(host.value()))
                    .ifPresent(host -> findings.add(
                            INFO,
                            host,
                            listener.start(),
                            listener.end(),
                            "the dashboard listens on " + Values.shown(host.value())
                                    + ": whoever reaches it runs code"));
        }
    }
}
