package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import java.util.List;
import java.util.Set;

/// `load_format` of pickles, and names of such files.
final class LoadFormat implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "R1.6/load-format",
            Level.ERROR,
            "weights are read from pickles",
            List.of("CWE-502", References.SUPPLY, References.ATLAS_SUPPLY),
            "The formats pt and npcache read torch files, which are pickles: a weight file can run code.",
            "convert the weights to safetensors and set load_format=\"safetensors\"",
            References.ALL_VLLM);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines()) {
            findings.unknown(INFO, engine, "load_format");
            engine.settings()
                    .get("load_format")
                    .filter(setting -> setting.value().texts().anyMatch(FORMATS::contains))
                    .ifPresent(setting -> findings.add(
                            INFO,
                            Level.ERROR,
                            engine,
                            setting,
                            "load_format " + setting.value().shown() + " reads pickles, which run code"));
            engine.settings()
                    .get("model")
                    .filter(setting -> setting.value()
                            .texts()
                            .anyMatch(text -> text.matches("(?i).*\\.(pt|pth|bin|pkl|pickle|ckpt)")))
                    .ifPresent(setting ->
                            findings.add(INFO, Level.ERROR, engine, setting, "the model is a pickle, which runs code"));
        }
    }

    private static final Set<String> FORMATS = Set.of("pt", "npcache");
}
