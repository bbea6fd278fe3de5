package dev.redoubt.runtime.onnx;

import ai.onnxruntime.OnnxJavaType;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.trust.OnnxModel;
import dev.redoubt.trust.OnnxType;
import java.util.ArrayList;
import java.util.List;

/// Types of a model as those of a deployment.
final class OnnxTypes {
    private static final int FIELDS_MAX = 256;

    private OnnxTypes() {}

    /// What the model takes and gives, each by its own name.
    ///
    /// @throws RuntimeRefusal naming what has a type that no tensor here has
    static Interface describe(OnnxModel model) throws RuntimeRefusal {
        return new Interface(fields("input", model.inputs()), fields("output", model.outputs()), false, List.of());
    }

    private static Schema.Fields fields(String kind, List<OnnxModel.Value> values) throws RuntimeRefusal {
        if (values.isEmpty()) throw new RuntimeRefusal("the model has no " + kind + ": a deployment has one or more");
        if (values.size() > FIELDS_MAX)
            throw new RuntimeRefusal("the model has " + values.size() + " " + kind + "s, limit is " + FIELDS_MAX);
        List<Schema.Field> fields = new ArrayList<>();
        for (OnnxModel.Value value : values) {
            var box = new Schema.Box(dtype(kind, value), shape(kind, value));
            fields.add(new Schema.Field(value.name(), box, true));
        }
        return new Schema.Fields(fields);
    }

    private static DType dtype(String kind, OnnxModel.Value value) throws RuntimeRefusal {
        return switch (value.type()) {
            case FLOAT -> DType.F32;
            case DOUBLE -> DType.F64;
            case INT32 -> DType.I32;
            case INT64 -> DType.I64;
            case UINT8 -> DType.U8;
            case INT8 -> DType.I8;
            case BOOL -> DType.BOOL;
            case UINT16, INT16, STRING, FLOAT16, UINT32, UINT64, BFLOAT16, UINT4, INT4 ->
                throw refused(kind, value, value.type());
        };
    }

    private static RuntimeRefusal refused(String kind, OnnxModel.Value value, OnnxType type) {
        return new RuntimeRefusal("the model's " + kind + " '" + value.name() + "' is of " + type
                + ", taken are FLOAT, DOUBLE, INT32, INT64, UINT8, INT8 and BOOL: put a Cast between it and the graph");
    }

    private static List<Integer> shape(String kind, OnnxModel.Value value) throws RuntimeRefusal {
        List<Integer> shape = new ArrayList<>();
        for (long size : value.dims()) {
            if (size > Integer.MAX_VALUE)
                throw new RuntimeRefusal("the model's " + kind + " '" + value.name() + "' has the size " + size
                        + " in its shape, limit is " + Integer.MAX_VALUE);
            shape.add((int) size);
        }
        return shape;
    }

    static OnnxJavaType of(DType dtype) {
        return switch (dtype) {
            case F32 -> OnnxJavaType.FLOAT;
            case F64 -> OnnxJavaType.DOUBLE;
            case I32 -> OnnxJavaType.INT32;
            case I64 -> OnnxJavaType.INT64;
            case U8 -> OnnxJavaType.UINT8;
            case I8 -> OnnxJavaType.INT8;
            case BOOL -> OnnxJavaType.BOOL;
        };
    }
}
