/// ONNX models as deployments, run by ONNX Runtime on processors, each in a worker process. Nothing else sees
/// that library, and the server does not load it.
module dev.redoubt.runtime.onnx {
    requires static org.jspecify;
    requires transitive dev.redoubt.serve; // WorkerKind, WorkerProgram
    requires dev.redoubt.trust;
    requires com.microsoft.onnxruntime;

    exports dev.redoubt.runtime.onnx;
}
