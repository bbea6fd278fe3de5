package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;

/// Whether a server of vLLM is given a key.
final class ServerKeys {
    private ServerKeys() {}

    /// By an option, or by the variable, which the same file may set in ways that are not read as one.
    static boolean isSet(Facts facts, Engine engine) {
        return engine.settings().has("api_key") || facts.source().text().contains("VLLM_API_KEY");
    }
}
