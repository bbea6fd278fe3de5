package dev.redoubt.audit.check;

import dev.redoubt.audit.CheckInfo;
import dev.redoubt.audit.Level;
import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import dev.redoubt.audit.facts.Value;
import dev.redoubt.audit.facts.Variable;
import java.util.List;
import java.util.Set;

/// Variables and flags that open routes of the engine.
final class EngineRoutes implements Check {
    private static final CheckInfo INFO = new CheckInfo(
            "V5.5/engine-routes",
            Level.ERROR,
            "routes that steer the engine are open",
            List.of("CWE-306", "CWE-489"),
            "Development mode mounts /collective_rpc, /reset_prefix_cache, /sleep and more, none of which asks for a key. Adapters that are loaded at run time are files that a caller names. The profiler writes traces where a caller starts it.",
            "remove the variable; load adapters at the start",
            References.ALL_VLLM);

    @Override
    public CheckInfo info() {
        return INFO;
    }

    @Override
    public void look(Facts facts, Findings findings) {
        for (Variable variable : facts.variables())
            if (OPENING.contains(variable.name()) && variable.value().may(EngineRoutes::isOn)
                    || variable.name().equals(PROFILER)
                            && variable.value().texts().anyMatch(folder -> !folder.isBlank()))
                findings.add(
                        INFO,
                        isWithoutServer(facts) || asksForKeys(facts, variable) ? Level.NOTE : Level.ERROR,
                        variable.start(),
                        variable.end(),
                        variable.name() + " opens routes that ask for no key");
    }

    /// The key of the server guards what is below /v1, as the routes of adapters are.
    private static boolean asksForKeys(Facts facts, Variable variable) {
        return variable.name().equals("VLLM_ALLOW_RUNTIME_LORA_UPDATING")
                && facts.source().text().contains("VLLM_API_KEY");
    }

    /// A program whose engine is an object of its own has the routes that it defines itself.
    private static boolean isWithoutServer(Facts facts) {
        return facts.python().isPresent()
                && !facts.engines().isEmpty()
                && facts.engines().stream().allMatch(engine -> engine.kind() == Engine.Kind.LIBRARY);
    }

    static boolean isOn(Value value) {
        return switch (value) {
            case Value.Text(String text) -> text.equals("1") || text.equalsIgnoreCase("true");
            case Value.Numeric(double number) -> number == 1;
            case Value.Truth(boolean truth) -> truth;
            default -> false;
        };
    }

    private static final Set<String> OPENING = Set.of("VLLM_SERVER_DEV_MODE", "VLLM_ALLOW_RUNTIME_LORA_UPDATING");
    private static final String PROFILER = "VLLM_TORCH_PROFILER_DIR"; // its routes are there once it names a folder
}
