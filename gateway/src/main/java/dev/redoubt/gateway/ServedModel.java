package dev.redoubt.gateway;

import dev.redoubt.base.generation.LanguageModel;
import java.util.Optional;

/// A model, and whose it is.
///
/// @param application whose callers alone reach it; empty: all callers do
/// @param stage the deployment that it is, where only other stages reach it
record ServedModel(String application, Optional<String> stage, LanguageModel model) {
    /// Of all callers.
    static ServedModel ofServer(LanguageModel model) {
        return new ServedModel("", Optional.empty(), model);
    }

    /// As metrics know it: two applications may serve models of one name.
    String label() {
        String name = model.card().name();
        if (application.isEmpty()) return name;
        return application + "/" + stage.map(one -> one + "/").orElse("") + name;
    }
}
