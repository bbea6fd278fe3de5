package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.python.Expression;
import java.util.List;

/// `SamplingParams` without a bound.
final class AnswerLength implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V3.3/answer-length",
            Level.WARNING,
            "an answer may be longer than 2048 tokens",
            List.of("CWE-400", "CWE-770", References.SERVICE),
            "An answer without a bound holds its place in the batch and its KV until the context is full.",
            "set max_tokens to 512, at most 2048",
            References.ALL_VLLM);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().ifPresent(python -> {
            for (Site site : python.module().calls()) {
                if (!site.name().startsWith("vllm.") || !site.name().endsWith("SamplingParams")) continue;
                Settings settings = python.values().arguments(site.call(), site.scope());
                if (!settings.has("max_tokens") && isSpread(python, site))
                    findings.add(
                            INFO, site.call(), "what a caller sends becomes the parameters: nothing bounds max_tokens");
                settings.get("max_tokens").ifPresent(setting -> {
                    boolean unbounded = setting.value().may(Value.Nothing.class::isInstance);
                    if (!unbounded && setting.value().largest() <= 2048) return;
                    findings.add(
                            INFO,
                            setting,
                            site.call().start(),
                            site.call().end(),
                            unbounded
                                    ? "max_tokens may be None: the answer ends with the context"
                                    : "max_tokens is " + setting.value().shown() + ", limit is 2048");
                });
            }
        });
    }

    /// Whether what a caller sends is handed on whole, `SamplingParams(**body)`.
    private static boolean isSpread(Python python, Site site) {
        return site.call().arguments().stream()
                .anyMatch(argument -> argument.keyword().equals("**")
                        && argument.value() instanceof Expression.Name // not of a model, whose fields have bounds
                        && python.callers().decide(argument.value(), site.scope()));
    }
}
