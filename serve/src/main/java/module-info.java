/// Applications of deployments: what a Java team writes, and what runs, scales and isolates it. Never sees the
/// engine or HTTP: a language model is a [dev.redoubt.base.generation.LanguageModel] here.
module dev.redoubt.serve {
    requires static org.jspecify;
    requires transitive dev.redoubt.base;
    requires transitive dev.redoubt.policy;
    requires java.sql;
    requires org.slf4j;

    exports dev.redoubt.serve;
    exports dev.redoubt.serve.control;
    exports dev.redoubt.serve.graph;
    exports dev.redoubt.serve.java;
    exports dev.redoubt.serve.language;
    exports dev.redoubt.serve.model;
    exports dev.redoubt.serve.replica;
    exports dev.redoubt.serve.scale;
    exports dev.redoubt.serve.schema;
    exports dev.redoubt.serve.spec;
    exports dev.redoubt.serve.worker;
}
