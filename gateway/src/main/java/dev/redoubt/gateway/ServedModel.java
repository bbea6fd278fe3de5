package dev.redoubt.gateway;

import dev.redoubt.base.generation.LanguageModel;

/// A model of `/v1`, and whose it is.
///
/// @param application whose callers alone reach it; empty: all callers do
record ServedModel(String application, LanguageModel model) {
    /// As metrics and the status know it: two applications may serve models of one name.
    String label() {
        String name = model.card().name();
        return application.isEmpty() ? name : application + "/" + name;
    }
}
