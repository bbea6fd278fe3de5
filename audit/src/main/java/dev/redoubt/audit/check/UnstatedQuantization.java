package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import java.util.List;

/// Quantized models whose method is not stated.
final class UnstatedQuantization implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V6.1/unstated-quantization",
            Level.WARNING,
            "the quantization is guessed from the files",
            List.of("CWE-354", "ATLAS AML.T0018"),
            "What the weights mean is then up to a file of the model folder: another method or another group size gives other answers, and nobody notices.",
            "state quantization=\"awq\" (or what it is) and pin the revision",
            References.ALL_VLLM);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines())
            engine.settings()
                    .get("model")
                    .filter(model -> engine.settings().lacks("quantization")
                            && model.value()
                                    .texts()
                                    .anyMatch(text -> text.matches(
                                            "(?i).*[-_.](awq|gptq|int4|int8|fp8|nvfp4|w4a16|w8a8|bnb|gguf)([-_.].*)?")))
                    .ifPresent(model -> findings.add(
                            INFO,
                            Level.WARNING,
                            engine,
                            model,
                            model.value().shown() + " is quantized, and no method is stated"));
    }
}
