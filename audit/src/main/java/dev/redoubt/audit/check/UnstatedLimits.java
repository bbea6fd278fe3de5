package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.check.Affected.Reach;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Product;
import java.util.List;

/// Limits of an engine that nobody states.
final class UnstatedLimits implements Check {
    private static final Affected QUEUE = Affected.since(Product.VLLM, "0.29.0");

    private static final CheckInfo INFO = new CheckInfo(
            "V2.3/unstated-limits",
            Level.NOTE,
            "an engine states no limits of its own",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "What is not stated comes from the model and the card: a context as long as the model was made for, up to 1024 sequences in a step, 0.9 of the memory, and a queue without end.",
            "state max_model_len, max_num_seqs, max_num_batched_tokens, gpu_memory_utilization and, of a server, max_num_queued_reqs",
            References.ALL_VLLM + "; max_num_queued_reqs: " + QUEUE);

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
            if (engine.kind() == Engine.Kind.SERVER
                    && !engine.settings().has("max_num_queued_reqs")
                    && QUEUE.in(facts) == Reach.ALL)
                findings.add(
                        INFO,
                        engine.start(),
                        engine.end(),
                        "not stated: max_num_queued_reqs, so that the queue has no end" + QUEUE.decided(facts));
        }
    }

    private static final List<String> LIMITS =
            List.of("max_model_len", "max_num_seqs", "max_num_batched_tokens", "gpu_memory_utilization");
}
