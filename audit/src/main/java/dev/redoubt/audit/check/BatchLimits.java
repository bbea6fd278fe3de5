package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

/// `max_num_seqs` and `max_num_batched_tokens`.
final class BatchLimits implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V2.3/batch-limits",
            Level.WARNING,
            "a step may hold more sequences or tokens than 256 and 8192",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "The number of sequences and tokens in a step bounds memory and the time for which one caller delays the others.",
            "set max_num_seqs to 64 (at most 256) and max_num_batched_tokens to 4096 (at most 8192)",
            References.ALL_VLLM);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines()) {
            look(engine, "max_num_seqs", 256, findings);
            look(engine, "max_num_batched_tokens", 8192, findings);
            findings.unknown(INFO, engine, "max_num_seqs", "max_num_batched_tokens");
        }
    }

    private static void look(Engine engine, String name, int limit, Findings findings) {
        engine.settings()
                .get(name)
                .filter(setting -> setting.value().largest() > limit)
                .ifPresent(setting -> findings.add(
                        INFO,
                        Level.WARNING,
                        engine,
                        setting,
                        name + " is " + setting.value().shown() + ", limit is " + limit));
    }
}
