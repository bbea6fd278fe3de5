/// Finds in people's own vLLM and Ray Serve projects what breaks a rule. Reads files, runs nothing of them.
module dev.redoubt.audit {
    requires static org.jspecify;
    // A configuration of Ray Serve is handed on as JSON.
    requires transitive dev.redoubt.base;
    // Composes YAML into nodes with their places; makes no objects of it.
    requires org.snakeyaml.engine;

    exports dev.redoubt.audit;
    exports dev.redoubt.audit.source;
    exports dev.redoubt.audit.report;
}
