package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Values;
import dev.redoubt.audit.facts.Variable;
import java.util.List;

/// Swap and offloading of KV blocks.
final class SwapSpace implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V2.2/swap-space",
            Level.WARNING,
            "KV cache leaves the memory that is locked for it",
            List.of("CWE-316", References.DISCLOSURE),
            "Swapped or offloaded KV holds what callers sent, in host memory that may be paged out or on a disk. vLLM dropped GPU-to-CPU swap in its V1 engine: since 0.18 swap_space is ignored with a warning, and stating it misleads.",
            "remove swap_space (or set 0), and keep KV offloading and disk tiers off",
            "swap_space: vLLM up to 0.17, then ignored; kv_offloading_size: since 0.12");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines())
            for (String name : List.of("swap_space", "kv_offloading_size"))
                engine.settings()
                        .get(name)
                        .filter(setting -> setting.value().largest() > 0)
                        .ifPresent(setting -> findings.add(
                                INFO,
                                Level.WARNING,
                                engine,
                                setting,
                                name + " is " + Values.shown(setting.value())
                                        + " GiB: KV of callers leaves locked memory"));
        for (Variable variable : facts.variables())
            if (variable.name().equals("LMCACHE_LOCAL_DISK")
                    && variable.value().texts().anyMatch(text -> !text.isEmpty()))
                findings.add(
                        INFO, variable.start(), variable.end(), "LMCACHE_LOCAL_DISK writes KV of callers to a disk");
    }
}
