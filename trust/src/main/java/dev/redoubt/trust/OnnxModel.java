package dev.redoubt.trust;

import java.util.List;

/// What an ONNX model takes and gives, as its file declares it.
///
/// @param inputs those without a value of their own in the file
/// @param opset version of the standard operators
public record OnnxModel(int irVersion, int opset, List<Value> inputs, List<Value> outputs) {
    public OnnxModel {
        inputs = List.copyOf(inputs);
        outputs = List.copyOf(outputs);
    }

    /// A tensor.
    ///
    /// @param dims outermost first; -1 where any size will do
    public record Value(String name, OnnxType type, List<Long> dims) {
        public Value {
            dims = List.copyOf(dims);
        }
    }
}
