/// ONNX models as deployments. Read [dev.redoubt.runtime.onnx.OnnxRuntime] first. Knows nothing of routing,
/// HTTP or language
/// models; what a file may hold is decided by [dev.redoubt.trust.OnnxArtifact].
@NullMarked
package dev.redoubt.runtime.onnx;

import org.jspecify.annotations.NullMarked;
