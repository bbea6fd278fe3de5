package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Python;
import dev.redoubt.audit.facts.PythonModule.Site;
import dev.redoubt.audit.python.Expression.Argument;
import java.util.List;

/// Names of models out of requests.
final class CallerChosenModel implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V4.1/caller-chosen-model",
            Level.ERROR,
            "a caller chooses which model is loaded",
            List.of("CWE-73", "CWE-494", References.SUPPLY, References.ATLAS_SUPPLY),
            "Who names the model names the files that are read and, with remote code, the code that is run.",
            "look the name up in a list of models that are allowed, each with its revision and digest",
            References.ALL);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        facts.python().filter(python -> python.module().serves()).ifPresent(python -> look(python, findings));
    }

    private static void look(Python python, Findings findings) {
        for (Site site : python.module().calls()) {
            String name = site.name();
            boolean loads = name.endsWith(".from_pretrained")
                    || (name.startsWith("vllm.")
                            && (name.endsWith(".LLM") || name.endsWith("EngineArgs") || name.endsWith(".LoRARequest")))
                    || name.equals("transformers.pipeline")
                    || name.equals("huggingface_hub.snapshot_download")
                    || name.equals("huggingface_hub.hf_hub_download")
                    || name.equals("torch.load")
                    || name.equals("joblib.load");
            if (!loads) continue;
            for (Argument argument : site.call().arguments())
                if (python.callers().decide(argument.value(), site.scope())) {
                    findings.add(INFO, site.call(), name + " loads what a caller names");
                    break;
                }
        }
    }
}
