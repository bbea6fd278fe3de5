/// One model, one loop: continuous batching over the paged KV cache.
module dev.redoubt.engine {
    requires static org.jspecify;
    requires transitive dev.redoubt.base;
    requires transitive dev.redoubt.kernels;
    requires transitive dev.redoubt.trust;
    requires ai.djl.tokenizers;
    requires ai.djl.api;

    exports dev.redoubt.engine;
    exports dev.redoubt.engine.canary;
    // For the command of that name.
    exports dev.redoubt.engine.quantize;
    // For tools that look at prompts and templates without an engine: `models show`, `eval`.
    exports dev.redoubt.engine.template;
    exports dev.redoubt.engine.tokenize;
    exports dev.redoubt.engine.model;
    exports dev.redoubt.engine.lora to
            dev.redoubt.cli;
}
