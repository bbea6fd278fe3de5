package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Listener;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// `vllm serve` without a key.
final class ServerWithoutKey implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V5.3/server-without-key",
            Level.WARNING,
            "the API server of vLLM asks for no key",
            List.of("CWE-306", References.SERVICE),
            "Without a key everybody who reaches the port may use the model. With one, still only /v1, /v2 and /inference ask for it: /invocations, /tokenize and others stay open.",
            "set VLLM_API_KEY from a secret, and let only a proxy that allows known routes reach the port",
            References.ALL_VLLM);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        lookAtServices(facts, findings);
        boolean sourced = !facts.engines().isEmpty() && isSourced(facts);
        for (Engine engine : facts.engines())
            if (engine.kind() == Engine.Kind.SERVER
                    && !ServerKeys.isSet(facts, engine)
                    && !engine.settings().has("uds")
                    && !isLoopback(engine)
                    && !Hosted.asksForTokens(facts, engine.start())) {
                if (engine.settings().open() || sourced || ServerKeys.mayBeSet(facts))
                    findings.add(INFO, Level.NOTE, engine.start(), engine.end(), Findings.unknown("api_key"));
                else findings.add(INFO, engine.start(), engine.end(), "neither --api-key nor VLLM_API_KEY is set");
            }
    }

    /// A service of Anyscale asks for a token unless it is told not to.
    private static void lookAtServices(Facts facts, Findings findings) {
        for (Listener listener : facts.listeners())
            if (listener.kind() == Listener.Kind.SERVE_PLATFORM)
                listener.settings()
                        .get("query_auth_token_enabled")
                        .filter(token -> token.value().mayBe(false))
                        .ifPresent(
                                token -> findings.add(
                                        INFO,
                                        token,
                                        listener.start(),
                                        listener.end(),
                                        "query_auth_token_enabled is false: the service asks for no token (true is what it is without the line)"));
    }

    /// Whether a file that is not there may set it: `source env.sh`.
    private static boolean isSourced(Facts facts) {
        Matcher sourced = SOURCED.matcher(facts.source().text());
        for (int i = 0; i < SOURCED_MAX && sourced.find(); i++) {
            Path file = Path.of(facts.source().path()).resolveSibling(sourced.group(1));
            if (!file.toString().contains("activate") && !Files.exists(file)) return true;
        }
        return false;
    }

    private static final int SOURCED_MAX = 100; // files that are looked for

    private static final Pattern SOURCED = Pattern.compile(
            "(?m)^[ \\t]{0,8}(?:source|\\.) [\"']?([\\w./-]{0,100}env[\\w./-]{0,100})[\"']?[ \\t]{0,20}$");

    private static boolean isLoopback(Engine engine) {
        return engine.settings()
                .get("host")
                .map(host -> host.value()
                        .texts()
                        .anyMatch(text -> text.startsWith("127.") || text.equals("localhost") || text.equals("::1")))
                .orElse(false);
    }
}
