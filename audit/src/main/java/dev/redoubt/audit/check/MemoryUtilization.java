package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

/// `gpu_memory_utilization` beyond 0.85.
final class MemoryUtilization implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V2.1/memory-utilization",
            Level.WARNING,
            "the KV pool takes more than 0.85 of the memory",
            List.of("CWE-400", References.SERVICE),
            "What is left must hold activations and fragmentation; an engine that runs out of memory ends for all callers.",
            "set gpu_memory_utilization to 0.80, at most 0.85",
            "vLLM, all versions (default 0.9, since 2026 0.92)");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        if (isOfNeuron(facts)) return;
        for (Engine engine : facts.engines()) {
            engine.settings()
                    .get("gpu_memory_utilization")
                    .filter(setting -> setting.value().largest() > 0.85)
                    .ifPresent(setting -> findings.add(
                            INFO,
                            Level.WARNING,
                            engine,
                            setting,
                            "gpu_memory_utilization is " + setting.value().shown() + ", limit is 0.85"));
            findings.unknown(INFO, engine, "gpu_memory_utilization");
        }
    }

    /// The worker of AWS Neuron takes its blocks from `max_num_seqs`, and does not read the share.
    private static boolean isOfNeuron(Facts facts) {
        String text = facts.source().text();
        return text.contains("aws.amazon.com/neuron") || text.contains("vllm-neuron");
    }
}
