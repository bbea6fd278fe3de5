/// ONNX models as deployments. Read [dev.redoubt.runtime.onnx.OnnxRuntime] first for the server's side,
/// [dev.redoubt.runtime.onnx.OnnxWorker] for a worker's. Knows nothing of routing, HTTP or language models; what a file
/// may hold is decided by [dev.redoubt.trust.OnnxFile].
@NullMarked
package dev.redoubt.runtime.onnx;

import org.jspecify.annotations.NullMarked;
