package dev.redoubt.gateway;

import dev.redoubt.base.generation.ServableModel;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;

/// The models that are served, by name. Ready once there is one, or where none will be; not ready any more when
/// one was withdrawn. Safe for any thread.
public final class ModelRegistry {
    private final Map<String, ServableModel> byName = new ConcurrentSkipListMap<>();
    private final Set<String> withdrawn = ConcurrentHashMap.newKeySet();

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
    public void register(ServableModel model) {
        byName.put(model.card().name(), model);
    }

    /// It answers nobody any more (V6.2); what is known of it stays to be seen.
    public void withdraw(String name) {
        withdrawn.add(name);
    }

    public Optional<ServableModel> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    /// By name.
    public List<ServableModel> all() {
        return List.copyOf(byName.values());
    }

    public boolean ready() {
        boolean loaded =
                byName.values().stream().anyMatch(model -> model.card().base().isEmpty());
        return withdrawn.isEmpty() && (!expected || loaded);
    }
}
