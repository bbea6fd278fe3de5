/// TorchScript models as deployments, each in a worker process. The server has this module for its
/// settings only;
/// PyTorch is on the path of worker processes and nowhere else.
module dev.redoubt.runtime.torch {
    requires static org.jspecify;
    requires transitive dev.redoubt.serve; // WorkerKind, WorkerProgram
    requires dev.redoubt.trust;
    requires static ai.djl.api;
    requires static ai.djl.pytorch_engine;
    requires org.slf4j;

    exports dev.redoubt.runtime.torch;
}
