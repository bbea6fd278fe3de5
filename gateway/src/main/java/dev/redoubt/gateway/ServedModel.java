package dev.redoubt.gateway;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.base.generation.EmbeddingModel;
import dev.redoubt.base.generation.LanguageModel;
import dev.redoubt.base.generation.ServableModel;
import java.util.Optional;

/// A model, and whose it is.
///
/// @param application whose callers alone reach it; empty: all callers do
/// @param stage the deployment that it is, where only other stages reach it
record ServedModel(String application, Optional<String> stage, ServableModel model) {
    /// Of all callers.
    static ServedModel ofServer(ServableModel model) {
        return new ServedModel("", Optional.empty(), model);
    }

    /// To generate with.
    ///
    /// @throws ServeException if it is no language model
    LanguageModel language() {
        return switch (model) {
            case LanguageModel language -> language;
            case EmbeddingModel other ->
                throw wrongKind("embeds texts and generates none", "/v1/embeddings, or a language model");
        };
    }

    /// To embed with.
    ///
    /// @throws ServeException if it does not
    EmbeddingModel embedding() {
        return switch (model) {
            case EmbeddingModel embedding -> embedding;
            case LanguageModel other ->
                throw wrongKind("generates text and embeds none", "/v1/completions, or a model that embeds");
        };
    }

    private ServeException wrongKind(String does, String wayOut) {
        return ServeException.ofField(
                ErrorCode.WRONG_KIND_OF_MODEL, "model", model.card().name(), does, wayOut);
    }

    /// As metrics know it: two applications may serve models of one name.
    String label() {
        String name = model.card().name();
        if (application.isEmpty()) return name;
        return application + "/" + stage.map(one -> one + "/").orElse("") + name;
    }
}
