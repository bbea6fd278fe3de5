package dev.redoubt.cli;

import dev.redoubt.policy.Waiver;
import dev.redoubt.serve.spec.ApplicationSpec;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// What a start says beside where it listens.
final class StartLines {
    private StartLines() {}

    /// What a configuration serves.
    static String served(ServerConfig config) {
        List<String> served = new ArrayList<>();
        config.model().ifPresent(model -> served.add("model " + model.name() + adapters(model)));
        if (!config.applications().isEmpty())
            served.add("applications "
                    + config.applications().stream()
                            .map(ApplicationSpec::name)
                            .sorted()
                            .collect(Collectors.joining(", ")));
        return String.join(", ", served);
    }

    private static String adapters(ModelChoice model) {
        if (model.adapters().isEmpty()) return "";
        return model.adapters().stream()
                .map(AdapterChoice::name)
                .collect(Collectors.joining(", ", " with adapters ", ""));
    }

    /// One line for each: nobody shall be able to say that he did not know.
    static List<String> waivers(List<Waiver> waivers) {
        return waivers.stream()
                .map(waiver ->
                        "waiver " + waiver.rule().id() + " until " + waiver.expires() + "  (" + waiver.reason() + ")")
                .toList();
    }
}
