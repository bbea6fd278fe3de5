package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.python.Expression.Call;
import java.util.List;

/// `trust_remote_code`, of engines and of loaders.
final class TrustRemoteCode implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V2.4/trust-remote-code",
            Level.ERROR,
            "code of a model repository is run",
            List.of("CWE-94", "CWE-502", References.SUPPLY, References.ATLAS_SUPPLY),
            "trust_remote_code imports Python files from the model repository: whoever can change them runs code in the server.",
            "leave it out, and serve a model whose architecture the engine knows",
            "vLLM and transformers, all versions");

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines()) {
            engine.settings()
                    .get("trust_remote_code")
                    .filter(setting -> setting.value().mayBe(true))
                    .ifPresent(setting -> findings.add(
                            INFO,
                            Level.ERROR,
                            engine,
                            setting,
                            "code of the model's repository is run",
                            Fixes.leaveOut(facts, setting)));
            findings.unknown(INFO, engine, "trust_remote_code");
        }
        facts.python().ifPresent(python -> {
            for (Site site : python.module().calls())
                if (loads(site.name()))
                    look(facts, python.values().arguments(site.call(), site.scope()), site, findings);
        });
    }

    private static void look(Facts facts, Settings settings, Site site, Findings findings) {
        Call call = site.call();
        findings.unknown(INFO, settings, call.start(), call.end(), "trust_remote_code");
        settings.get("trust_remote_code")
                .filter(setting -> setting.value().mayBe(true))
                .ifPresent(setting -> findings.add(
                        INFO,
                        site.name().endsWith("load_dataset")
                                ? Level.NOTE
                                : Level.ERROR, // no model, and seldom there to serve
                        setting,
                        call.start(),
                        call.end(),
                        "code of the repository is run by " + shown(site.name()),
                        Fixes.setFalse(facts, setting)));
    }

    /// The class and the method, without their package.
    private static String shown(String name) {
        return name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1);
    }

    private static boolean loads(String name) {
        return name.endsWith(".from_pretrained")
                        && !name.endsWith("GenerationConfig.from_pretrained") // which has no code to run
                || name.endsWith(".from_config")
                || name.equals("transformers.pipeline")
                || name.endsWith("load_dataset")
                || name.endsWith(".SentenceTransformer");
    }
}
