package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Variable;
import java.util.List;

/// `VLLM_ALLOW_INSECURE_SERIALIZATION`.
final class InsecureSerialization implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R3.1/insecure-serialization",
            Level.ERROR,
            "messages between processes may be pickles",
            List.of("CWE-502"),
            "With VLLM_ALLOW_INSECURE_SERIALIZATION the engine unpickles what comes over its sockets: whoever reaches one runs code.",
            "remove the variable",
            "vLLM since 0.8");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Variable variable : facts.variables())
            if (variable.name().equals("VLLM_ALLOW_INSECURE_SERIALIZATION")
                    && variable.value().may(EngineRoutes::isOn))
                findings.add(INFO, variable.start(), variable.end(), "pickles are accepted on the engine's sockets");
    }
}
