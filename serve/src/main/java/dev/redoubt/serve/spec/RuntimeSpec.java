package dev.redoubt.serve.spec;

import dev.redoubt.base.Check;
import java.util.Map;
import java.util.TreeMap;

/// What runs in a replica.
///
/// @param kind whose it is, such as `java`, `llm` or `onnx`
/// @param settings of that kind: a class, a jar and its digest, a model and its digest
public record RuntimeSpec(String kind, Map<String, String> settings) {
    public RuntimeSpec {
        Check.that(!kind.isEmpty(), "a runtime has a kind");
        settings = Map.copyOf(settings);
    }

    /// The same with a setting, whatever it was before.
    public RuntimeSpec with(String name, String value) {
        Map<String, String> changed = new TreeMap<>(settings);
        changed.put(name, value);
        return new RuntimeSpec(kind, changed);
    }

    /// One line for people, settings in their order.
    @Override
    public String toString() {
        return kind + new TreeMap<>(settings);
    }
}
