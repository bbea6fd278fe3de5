package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.check.Affected.Reach;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Product;
import dev.redoubt.audit.facts.Setting;
import dev.redoubt.audit.facts.Variable;
import java.util.List;
import java.util.Optional;

/// Swap and offloading of KV blocks.
final class SwapSpace implements Check {
    private static final Affected SWAPS = Affected.before(Product.VLLM, "0.8.0");

    private static final CheckInfo INFO = new CheckInfo(
            "V2.2/swap-space",
            Level.WARNING,
            "KV cache leaves the memory that is locked for it",
            List.of("CWE-316", References.DISCLOSURE),
            "Swapped or offloaded KV holds what callers sent, in host memory that may be paged out or on a disk. The V1 engine of vLLM, the default since 0.8.0, never swaps: swap_space says nothing there, and since 0.18.0 it is no option any more.",
            "remove swap_space (or set 0), and keep KV offloading and disk tiers off",
            "swap_space swaps: " + SWAPS + "; kv_offloading_size: " + Affected.since(Product.VLLM, "0.12.0"));

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines()) {
            findings.unknown(INFO, engine, "swap_space", "kv_offloading_size");
            stated(engine, "kv_offloading_size")
                    .ifPresent(setting -> findings.add(
                            INFO,
                            Level.WARNING,
                            engine,
                            setting,
                            "kv_offloading_size" + leaves(setting),
                            Fixes.setZero(facts, setting)));
            stated(engine, "swap_space").ifPresent(setting -> swap(facts, engine, setting, findings));
        }
        for (Variable variable : facts.variables())
            if (variable.name().equals("LMCACHE_LOCAL_DISK")
                    && variable.value().texts().anyMatch(text -> !text.isEmpty()))
                findings.add(
                        INFO, variable.start(), variable.end(), "LMCACHE_LOCAL_DISK writes KV of callers to a disk");
    }

    private static Optional<Setting> stated(Engine engine, String name) {
        return engine.settings().get(name).filter(setting -> setting.value().largest() > 0);
    }

    private static String leaves(Setting setting) {
        return " is " + setting.value().shown() + " GiB: KV of callers leaves locked memory";
    }

    private static void swap(Facts facts, Engine engine, Setting setting, Findings findings) {
        Reach reach = SWAPS.in(facts);
        findings.add(
                INFO,
                reach == Reach.ALL ? Level.WARNING : Level.NOTE,
                engine,
                setting,
                (reach == Reach.NONE
                                ? "swap_space is not used by the V1 engine, and stating it misleads"
                                : "swap_space" + leaves(setting))
                        + SWAPS.decided(facts),
                Fixes.setZero(facts, setting));
    }
}
