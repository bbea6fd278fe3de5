package dev.redoubt.gateway;

import dev.redoubt.base.generation.LanguageModel;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;

/// The models that are served, by name. Ready once there is one, or where none will be. Safe for any thread.
public final class ModelRegistry {
    private final Map<String, LanguageModel> byName = new ConcurrentSkipListMap<>();

    private final boolean expected;

    /// One is on its way.
    public ModelRegistry() {
        this(true);
    }

    private ModelRegistry(boolean expected) {
        this.expected = expected;
    }

    /// For a server of applications only.
    public static ModelRegistry none() {
        return new ModelRegistry(false);
    }

    /// Adapters before their base: with it the server is ready.
    public void register(LanguageModel model) {
        byName.put(model.card().name(), model);
    }

    public Optional<LanguageModel> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /// By name.
    public List<LanguageModel> all() {
        return List.copyOf(byName.values());
    }

    public boolean ready() {
        return !expected
                || byName.values().stream()
                        .anyMatch(model -> model.card().base().isEmpty());
    }
}
