/// ONNX models as deployments, run by ONNX Runtime on processors. Nothing else sees that library.
module dev.redoubt.runtime.onnx {
    requires static org.jspecify;
    requires transitive dev.redoubt.serve; // ServantFactory, Servant
    requires dev.redoubt.trust;
    requires com.microsoft.onnxruntime;
    requires org.slf4j;

    exports dev.redoubt.runtime.onnx;
}
