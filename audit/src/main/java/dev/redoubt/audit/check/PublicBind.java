package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.check.Affected.Reach;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import dev.redoubt.audit.facts.Place;
import dev.redoubt.audit.facts.Product;
import dev.redoubt.audit.facts.Setting;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.facts.Variable;
import java.util.List;
import java.util.Optional;

/// A listener beyond loopback, stated or by default.
final class PublicBind implements Check {
    private static final Affected HAPROXY = Affected.since(Product.RAY, "2.55.0");

    private static final CheckInfo INFO = new CheckInfo(
            "R1.2/public-bind",
            Level.WARNING,
            "a server listens on all interfaces without TLS and keys",
            List.of("CWE-306", "CWE-319"),
            "Whoever reaches the machine reaches the model: vLLM and uvicorn have no rate limits, and Ray Serve has no authentication at all. vLLM listens everywhere where no host is stated, and so does a configuration file of Ray Serve.",
            "bind 127.0.0.1 and put a proxy with TLS, keys and rate limits in front, or set TLS and a key here",
            References.ALL + "; RAY_SERVE_ENABLE_HA_PROXY: " + HAPROXY);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines())
            if (engine.kind() == Engine.Kind.SERVER
                    && engine.place() != Place.PLATFORM
                    && !engine.settings().has("uds")
                    && !isGuarded(engine.settings()))
                look(
                        facts,
                        new Socket(engine, ServerKeys.isSet(facts, engine) || ServerKeys.mayBeSet(facts)),
                        findings);
        for (Listener listener : facts.listeners())
            if (listener.kind() != Listener.Kind.DASHBOARD
                    && listener.kind() != Listener.Kind.SERVE_PLATFORM
                    && listener.place() != Place.PLATFORM
                    && !Routes.onlyMeasure(facts, listener)
                    && !hasTls(listener.settings())) look(facts, new Socket(listener), findings);
        for (Variable variable : facts.variables())
            if (variable.name().equals("RAY_SERVE_ENABLE_HA_PROXY")
                    && variable.value().texts().anyMatch("1"::equals)
                    && HAPROXY.in(facts) != Reach.NONE)
                findings.add(
                        INFO,
                        HAPROXY.in(facts) == Reach.ALL ? Level.WARNING : Level.NOTE,
                        variable.start(),
                        variable.end(),
                        "RAY_SERVE_ENABLE_HA_PROXY listens on all interfaces, whatever host is stated"
                                + HAPROXY.decided(facts));
    }

    /// @param everywhere whether it listens on all interfaces where nothing is stated
    /// @param keys whether it asks for one, or may for all that is read of it
    /// @param published whether it is somebody else who decides who reaches it: in an image or a pod a program
    /// has to listen beyond loopback, and one of the web may ask for keys in another file
    private record Socket(Settings settings, boolean everywhere, boolean keys, boolean published, int start, int end) {
        Socket(Engine engine, boolean keys) {
            this(
                    engine.settings(),
                    true,
                    keys || engine.settings().open(),
                    engine.place() == Place.NETWORK
                            || (keys || engine.settings().open()) && engine.place() != Place.MACHINE,
                    engine.start(),
                    engine.end());
        }

        Socket(Listener listener) {
            this(
                    listener.settings(),
                    listener.kind() == Listener.Kind.SERVE_FILE,
                    listener.kind() == Listener.Kind.WEB,
                    listener.place() != Place.MACHINE,
                    listener.start(),
                    listener.end());
        }

        String lacks() {
            return keys ? ", without TLS" : ", without TLS and keys";
        }
    }

    private static void look(Facts facts, Socket socket, Findings findings) {
        if (Hosted.isBehindProxy(facts, socket.start)) return;
        Optional<Setting> host = socket.settings.get("host");
        int start = socket.start;
        int end = socket.end;
        if (host.isEmpty() && !socket.everywhere) return;
        if (host.isEmpty() && socket.settings.open()) {
            findings.add(INFO, Level.NOTE, start, end, Findings.unknown("host"));
        } else if (host.isPresent() && !Hosts.mayBePublic(host.get().value())) {
            findings.unknown(INFO, socket.settings, start, end, "host");
        } else if (socket.published) {
            findings.add(INFO, Level.NOTE, start, end, "who reaches it is unknown: whoever runs it decides");
        } else if (host.isEmpty()) {
            findings.add(INFO, start, end, "no host is stated, which means all interfaces" + socket.lacks());
        } else {
            findings.add(
                    INFO,
                    Level.WARNING,
                    host.get(),
                    start,
                    end,
                    "listens on " + host.get().value().shown() + socket.lacks(),
                    Fixes.bindLoopback(facts, host.get()));
        }
    }

    private static boolean hasTls(Settings settings) {
        return settings.has("ssl_certfile") || settings.has("ssl_keyfile");
    }

    private static boolean isGuarded(Settings settings) {
        return hasTls(settings) && settings.has("api_key");
    }
}
