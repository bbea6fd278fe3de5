package dev.redoubt.runtime.torch;

import ai.djl.ndarray.types.DataType;
import dev.redoubt.serve.model.UndeclaredOutput;
import dev.redoubt.serve.schema.DType;
import java.util.List;

/// Types of elements on both sides.
final class TorchTypes {
    private TorchTypes() {}

    static DataType of(DType dtype) {
        return switch (dtype) {
            case F32 -> DataType.FLOAT32;
            case F64 -> DataType.FLOAT64;
            case I32 -> DataType.INT32;
            case I64 -> DataType.INT64;
            case U8 -> DataType.UINT8;
            case I8 -> DataType.INT8;
            case BOOL -> DataType.BOOLEAN;
        };
    }

    /// @throws UndeclaredOutput if no tensor here has it: the model's fault
    static DType of(DataType type) {
        for (DType dtype : DType.values()) if (of(dtype) == type) return dtype;
        throw new UndeclaredOutput(
                "the model has made an output of " + type + ", which is none of " + List.of(DType.values()));
    }
}
