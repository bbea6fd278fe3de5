package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

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
        for (Engine engine : facts.engines())
            if (engine.kind() == Engine.Kind.SERVER
                    && !ServerKeys.isSet(facts, engine)
                    && !engine.settings().has("uds")
                    && !isLoopback(engine)
                    && !Hosted.asksForTokens(facts, engine.start())) {
                if (engine.settings().open())
                    findings.add(INFO, Level.NOTE, engine.start(), engine.end(), Findings.unknown("api_key"));
                else findings.add(INFO, engine.start(), engine.end(), "neither --api-key nor VLLM_API_KEY is set");
            }
    }

    private static boolean isLoopback(Engine engine) {
        return engine.settings()
                .get("host")
                .map(host -> host.value()
                        .texts()
                        .anyMatch(text -> text.startsWith("127.") || text.equals("localhost") || text.equals("::1")))
                .orElse(false);
    }
}
