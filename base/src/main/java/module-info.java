/// What every module may lean on: checks, the closed table of errors, strict JSON, durable files, time, and the
/// words that gateway, serve and engine share about generation.
module dev.redoubt.base {
    requires static org.jspecify;
    // JsonNode is what strict parsing returns.
    requires transitive tools.jackson.databind;

    // Parses the configuration file; makes no objects of it.
    requires org.snakeyaml.engine;

    exports dev.redoubt.base;
    exports dev.redoubt.base.config;
    exports dev.redoubt.base.generation;
    exports dev.redoubt.base.json;
}
