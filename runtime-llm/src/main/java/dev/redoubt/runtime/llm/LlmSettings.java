package dev.redoubt.runtime.llm;

import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.spec.DeploymentSpec;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// The settings of a deployment of kind `llm`.
///
/// @param digest hex; empty: the one that the store has
/// @param dedicated whether it has an engine of its own (V1.2)
record LlmSettings(String model, Optional<String> digest, boolean dedicated) {
    static final String DIGEST = "digest";
    private static final Set<String> KNOWN = Set.of("model", DIGEST, "engine");

    static LlmSettings of(DeploymentSpec spec) throws RuntimeRefusal {
        Map<String, String> settings = spec.runtime().settings();
        String model = settings.get("model");
        String engine = settings.getOrDefault("engine", "");
        if (model == null
                || !KNOWN.containsAll(settings.keySet())
                || !Set.of("dedicated", "shared").contains(engine))
            throw new RuntimeRefusal(spec.name()
                    + ": the runtime llm has the settings model, digest and engine, which is dedicated or shared; given are "
                    + settings.keySet());
        return new LlmSettings(
                model,
                Optional.ofNullable(settings.get(DIGEST)).map(digest -> digest.replaceFirst("^sha256:", "")),
                engine.equals("dedicated"));
    }
}
