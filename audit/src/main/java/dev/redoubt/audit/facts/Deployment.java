package dev.redoubt.audit.facts;

import dev.redoubt.audit.python.Statement;
import org.jspecify.annotations.Nullable;

/// A deployment of Ray Serve, with the options it states.
///
/// @param code its class or function, null where a file only names it and its code states the rest
/// @param scope the inside of that code
public record Deployment(
        String name,
        Settings settings,
        int start,
        int end,
        @Nullable Statement code,
        @Nullable Scope scope) {
    /// Whether all of its options are stated here: a file only overrides what code states.
    public boolean whole() {
        return code != null;
    }

    public boolean autoscales() {
        Settings scaling = settings.group("autoscaling_config");
        double least =
                scaling.get("min_replicas").map(one -> one.value().smallest()).orElse(Double.NaN);
        if (scaling.get("max_replicas")
                .filter(most -> most.value().largest() == least)
                .isPresent()) return false;
        return settings.has("autoscaling_config")
                || settings.get("num_replicas")
                        .map(setting -> setting.value().equals(new Value.Text("auto")))
                        .orElse(false);
    }
}
