package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Setting;
import dev.redoubt.audit.facts.Settings;
import dev.redoubt.audit.facts.Value;
import java.util.List;
import java.util.regex.Pattern;

/// Hub models without a commit.
final class UnpinnedModel implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V4.1/unpinned-model",
            Level.WARNING,
            "a model of a hub is named without a revision",
            List.of("CWE-494", "CWE-1357", References.SUPPLY, References.ATLAS_SUPPLY),
            "A name on a hub means whatever its owner, or who has taken the account, uploads next. A branch moves too; only a commit stays.",
            "state the commit: revision=\"<40 hex digits>\", or serve from a folder whose files are checked against a manifest",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Engine engine : facts.engines())
            engine.settings()
                    .get("model")
                    .filter(model -> Models.mayBeOfHub(model.value()))
                    .ifPresent(model -> look(engine.settings(), model, engine.start(), engine.end(), findings));
        facts.python()
                .filter(python -> python.module().serves())
                .ifPresent(python -> python.module().calls().stream()
                        .filter(site -> LOADERS.matcher(site.name()).matches())
                        .forEach(site -> Models.named(python, site)
                                .filter(model -> Models.mayBeOfHub(model.value()))
                                .ifPresent(model -> look(
                                        python.values().arguments(site.call(), site.scope()),
                                        model,
                                        site.call().start(),
                                        site.call().end(),
                                        findings))));
    }

    private static final Pattern LOADERS = Pattern.compile(
            "transformers\\.(.*\\.from_pretrained|pipeline)|sentence_transformers\\.(SentenceTransformer|CrossEncoder)");

    private static void look(Settings settings, Setting model, int start, int end, Findings findings) {
        boolean pinned = settings.get("revision")
                .map(setting -> setting.value()
                                .may(value ->
                                        !(value instanceof Value.Text(String text)) || text.matches("[0-9a-f]{40}"))
                        && !setting.value().equals(Value.nothing()))
                .orElse(settings.open());
        if (pinned) return;
        boolean branch = settings.has("revision");
        findings.add(
                INFO,
                model,
                start,
                end,
                model.value().shown()
                        + (branch ? " is pinned to a branch, which moves" : " is loaded without a revision"));
    }
}
