package dev.redoubt.audit.check;

import dev.redoubt.audit.facts.Engine;
import dev.redoubt.audit.facts.Facts;
import java.util.regex.Pattern;

/// Whether a server of vLLM is given a key.
final class ServerKeys {
    private ServerKeys() {}

    /* All that a Secret holds, whatever that is, and a secret of compose that is called like a key. */
    private static final Pattern FROM_SECRET = Pattern.compile(
            "envFrom:[\\s\\S]{0,300}?secretRef:|\\n {4,8}secrets:(\\s{1,40}- [\\w-]{1,60}){0,10}?\\s{1,40}- \\w{0,60}api_?key");

    /// By an option, or by the variable, which the same file may set in ways that are not read as one.
    static boolean isSet(Facts facts, Engine engine) {
        return engine.settings().has("api_key") || facts.source().text().contains("VLLM_API_KEY");
    }

    /// Whether it may be one of the variables that the file takes from a store of secrets without naming them.
    static boolean mayBeSet(Facts facts) {
        return FROM_SECRET.matcher(facts.source().text()).find();
    }
}
