package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

/// `max_model_len` beyond 4096.
final class ContextLength implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V2.3/context-length",
            Level.NOTE,
            "a context is longer than 4096 tokens",
            List.of("CWE-400", References.SERVICE),
            "The longest context bounds the KV that one request can hold. Longer ones are a choice that should be written down.",
            "set max_model_len to what callers need, 4096 where nothing else is known",
            References.ALL_VLLM);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines()) {
            engine.settings()
                    .get("max_model_len")
                    .filter(setting -> setting.value().largest() > 4096)
                    .ifPresent(setting -> findings.add(
                            INFO,
                            Level.NOTE,
                            engine,
                            setting,
                            "max_model_len is " + setting.value().shown() + ", limit is 4096"));
            findings.unknown(INFO, engine, "max_model_len");
        }
    }
}
