package dev.redoubt.serve.schema;

import static dev.redoubt.base.ErrorCode.NOT_FINITE;
import static dev.redoubt.base.ErrorCode.OUT_OF_RANGE;
import static dev.redoubt.base.ErrorCode.RAGGED_ARRAY;
import static dev.redoubt.base.ErrorCode.WRONG_SHAPE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// A tensor as arrays inside arrays, the way JSON has it.
final class TensorArrays {
    private TensorArrays() {}

    /// @throws dev.redoubt.base.ServeException if it is ragged, of another shape, or an element is none
    static void check(Schema.Box box, JsonNode value, FieldPath at) {
        List<Integer> sizes = sizes(box, value, at);
        if (!Tensor.fits(sizes, box.shape())) throw SchemaCheck.refused(WRONG_SHAPE, at, sizes, box.shape());
        rows(box.dtype(), sizes, 0, value, at);
    }

    /// Sizes along the first item of everything; what is empty has the sizes that are wanted.
    private static List<Integer> sizes(Schema.Box box, JsonNode value, FieldPath at) {
        List<Integer> sizes = new ArrayList<>();
        JsonNode first = value;
        for (int wanted : box.shape()) {
            if (first == null) {
                sizes.add(Math.max(0, wanted));
                continue;
            }
            SchemaCheck.must(first.isArray(), at, "an array of shape " + box.shape());
            sizes.add(first.size());
            first = first.get(0);
        }
        return sizes;
    }

    private static void rows(DType dtype, List<Integer> sizes, int level, JsonNode value, FieldPath at) {
        if (level == sizes.size()) {
            element(dtype, value, at);
            return;
        }
        SchemaCheck.must(value.isArray(), at, "an array");
        int size = sizes.get(level);
        if (value.size() != size) throw SchemaCheck.refused(RAGGED_ARRAY, at, value.size(), size);
        boolean last = level + 1 == sizes.size();
        for (int i = 0; i < size; i++) {
            JsonNode inner = value.get(i);
            if (!last) rows(dtype, sizes, level + 1, inner, at.item(i));
            else if (!isElement(dtype, inner)) element(dtype, inner, at.item(i));
        }
    }

    private static boolean isElement(DType dtype, JsonNode value) {
        return switch (dtype) {
            case F32 -> value.isNumber() && Float.isFinite((float) SchemaCheck.number(value));
            case F64 -> value.isNumber() && Double.isFinite(SchemaCheck.number(value));
            case I32 -> within(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
            case I64 -> within(value, Long.MIN_VALUE, Long.MAX_VALUE);
            case U8 -> within(value, 0, 255);
            case I8 -> within(value, Byte.MIN_VALUE, Byte.MAX_VALUE);
            case BOOL -> value.isBoolean();
        };
    }

    private static boolean within(JsonNode value, long low, long high) {
        return value.isIntegralNumber()
                && value.canConvertToLong()
                && value.longValue() >= low
                && value.longValue() <= high;
    }

    private static void element(DType dtype, JsonNode value, FieldPath at) {
        if (isElement(dtype, value)) return;
        if (dtype == DType.BOOL) SchemaCheck.must(false, at, "true or false");
        boolean real = dtype == DType.F32 || dtype == DType.F64;
        SchemaCheck.must(real ? value.isNumber() : value.isIntegralNumber(), at, real ? "a number" : "a whole number");
        if (real) throw SchemaCheck.refused(NOT_FINITE, at);
        throw SchemaCheck.refused(OUT_OF_RANGE, at, "too far from 0", "what " + dtype + " can hold");
    }

    /// @param value passed [#check]
    static Tensor read(Schema.Box box, JsonNode value) {
        List<Integer> sizes = sizes(box, value, FieldPath.INPUT);
        return Tensor.written(box.dtype(), sizes, data -> new Writer(box.dtype(), data).write(value));
    }

    private static final class Writer {
        private final DType dtype;
        private final MemorySegment data;
        private long at; // in bytes

        Writer(DType dtype, MemorySegment data) {
            this.dtype = dtype;
            this.data = data;
        }

        void write(JsonNode value) {
            if (value.isArray()) for (int i = 0; i < value.size(); i++) write(value.get(i));
            else {
                element(value);
                at += dtype.bytes();
            }
        }

        private void element(JsonNode value) {
            switch (dtype) {
                case F32 ->
                    data.set(ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at, (float)
                            SchemaCheck.number(value));
                case F64 ->
                    data.set(
                            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN),
                            at,
                            SchemaCheck.number(value));
                case I32 ->
                    data.set(ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at, (int)
                            value.longValue());
                case I64 ->
                    data.set(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), at, value.longValue());
                case U8, I8 -> data.set(ValueLayout.JAVA_BYTE, at, (byte) value.longValue());
                case BOOL -> data.set(ValueLayout.JAVA_BYTE, at, (byte) (value.booleanValue() ? 1 : 0));
            }
        }
    }
}
