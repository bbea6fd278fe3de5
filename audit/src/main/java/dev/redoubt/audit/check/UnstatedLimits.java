package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

/// Limits of an engine that nobody states.
final class UnstatedLimits implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V2.3/unstated-limits",
            Level.NOTE,
            "an engine states no limits of its own",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "What is not stated comes from the model and the card: a context as long as the model was made for, up to 1024 sequences in a step, 0.9 of the memory.",
            "state max_model_len, max_num_seqs, max_num_batched_tokens and gpu_memory_utilization",
            References.ALL_VLLM);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines()) {
            if (engine.settings().open()) continue;
            List<String> missing =
                    LIMITS.stream().filter(name -> !engine.settings().has(name)).toList();
            if (!missing.isEmpty())
                findings.add(INFO, engine.start(), engine.end(), "not stated: " + String.join(", ", missing));
        }
    }

    private static final List<String> LIMITS =
            List.of("max_model_len", "max_num_seqs", "max_num_batched_tokens", "gpu_memory_utilization");
}
