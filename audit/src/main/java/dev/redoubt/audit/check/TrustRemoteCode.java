package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
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
        for (Engine engine : facts.engines())
            engine.settings()
                    .get("trust_remote_code")
                    .filter(setting -> setting.value().mayBe(true))
                    .ifPresent(setting ->
                            findings.add(INFO, Level.ERROR, engine, setting, "code of the model's repository is run"));
        facts.python()
                .ifPresent(python -> python.module().calls().stream()
                        .filter(site -> loads(site.name()))
                        .forEach(site -> python.values()
                                .arguments(site.call(), site.scope())
                                .get("trust_remote_code")
                                .filter(setting -> setting.value().mayBe(true))
                                .ifPresent(setting -> {
                                    boolean here = setting.start() >= 0;
                                    findings.add(
                                            INFO,
                                            here ? setting.start() : site.call().start(),
                                            here ? setting.end() : site.call().end(),
                                            "code of the repository is run by "
                                                    + site.name()
                                                            .substring(site.name()
                                                                            .lastIndexOf(
                                                                                    '.',
                                                                                    site.name()
                                                                                                    .lastIndexOf('.')
                                                                                            - 1)
                                                                    + 1));
                                })));
    }

    private static boolean loads(String name) {
        return name.endsWith(".from_pretrained")
                || name.endsWith(".from_config")
                || name.equals("transformers.pipeline")
                || name.endsWith("load_dataset")
                || name.endsWith(".SentenceTransformer");
    }
}
