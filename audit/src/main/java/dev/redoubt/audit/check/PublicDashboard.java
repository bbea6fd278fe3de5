package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.check.Affected.Reach;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Product;
import dev.redoubt.audit.facts.Setting;
import java.util.List;

/// `--dashboard-host 0.0.0.0`, which hands out the cluster.
final class PublicDashboard implements Check {
    private static final Affected TOKENS = Affected.since(Product.RAY, "2.52.0");

    private static final CheckInfo INFO = new CheckInfo(
            "R1.2/public-dashboard",
            Level.ERROR,
            "Ray's dashboard listens on all interfaces",
            List.of("CWE-306", "CVE-2023-48022"),
            "The dashboard accepts jobs and deploys applications: whoever reaches it runs code on the cluster. Token authentication is off unless RAY_AUTH_MODE=token is set, and it is one secret for all.",
            "leave dashboard_host at 127.0.0.1 and reach it through a tunnel",
            References.ALL_RAY + "; RAY_AUTH_MODE is read: " + TOKENS);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Listener listener : facts.listeners()) {
            if (listener.kind() != Listener.Kind.DASHBOARD) continue;
            findings.unknown(INFO, listener.settings(), listener.start(), listener.end(), "host");
            listener.settings()
                    .get("host")
                    .filter(host -> Hosts.mayBePublic(host.value()))
                    .ifPresent(host -> found(facts, listener, host, findings));
        }
    }

    private static void found(Facts facts, Listener listener, Setting host, Findings findings) {
        boolean token = facts.variables().stream()
                .anyMatch(variable -> variable.name().equals("RAY_AUTH_MODE")
                        && variable.value().texts().anyMatch("token"::equals));
        boolean read = token && TOKENS.in(facts) == Reach.ALL;
        String who = ": whoever reaches it runs code";
        if (read) who = ": one token lets everybody in, and goes over the network as it is" + TOKENS.decided(facts);
        else if (token) who += ", since RAY_AUTH_MODE is read by Ray 2.52 and later only" + TOKENS.decided(facts);
        findings.add(
                INFO,
                read ? Level.WARNING : Level.ERROR,
                host,
                listener.start(),
                listener.end(),
                "the dashboard listens on " + host.value().shown() + who,
                Fixes.bindLoopback(facts, host));
    }
}
