package dev.redoubt.serve.schema;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/// A tensor as a body of nothing but its elements, little-endian and row-major. Type and shape are said beside
/// it, such as in headers: `F32` and `1,28,28`.
public final class TensorBody {
    private static final String FORMAT = "tensor";
    private static final int SHAPE_LENGTH_MAX = 128;

    private TensorBody() {}

    /// @param dtype name of a [DType]
    /// @param shape sizes with commas between, outermost first; empty for a single number
    /// @throws ServeException with status 400 unless the body has exactly the bytes that these say
    public static Tensor read(String dtype, String shape, byte[] body) {
        return read(FORMAT, dtype, sizes(shape), MemorySegment.ofArray(body));
    }

    private static List<Integer> sizes(String shape) {
        List<Integer> sizes = new ArrayList<>();
        if (shape.isEmpty()) return sizes;
        if (shape.length() > SHAPE_LENGTH_MAX) throw noShape();
        for (String size : shape.split(",", -1)) {
            if (!size.matches("[0-9]{1,9}")) throw noShape();
            sizes.add(Integer.parseInt(size));
        }
        return sizes;
    }

    private static ServeException noShape() {
        return ServeException.ofField(
                ErrorCode.WRONG_TYPE, "shape", "shape", "sizes with commas between, as in 1,28,28");
    }

    /// @param format what it came in, for messages
    static Tensor read(String format, String dtype, List<Integer> shape, MemorySegment elements) {
        DType known = dtype(dtype);
        long bytes;
        try {
            bytes = Tensor.bytes(known, shape);
        } catch (IllegalArgumentException absurd) {
            throw ServeException.of(
                    ErrorCode.INVALID_BODY, format, "a shape of more than 8 sizes or 1 GiB, or below 0,", 0);
        }
        if (bytes != elements.byteSize())
            throw ServeException.of(
                    ErrorCode.INVALID_BODY,
                    format,
                    "dtype and shape say " + bytes + " bytes, the data are " + elements.byteSize(),
                    elements.byteSize());
        return Tensor.of(known, shape, elements);
    }

    private static DType dtype(String name) {
        for (DType dtype : DType.values()) if (dtype.name().equals(name)) return dtype;
        throw ServeException.ofField(ErrorCode.WRONG_TYPE, "dtype", "dtype", "one of F32, F64, I32, I64, U8, I8, BOOL");
    }

    /// The elements.
    public static byte[] write(Tensor tensor) {
        return tensor.data().toArray(ValueLayout.JAVA_BYTE);
    }

    /// As [#read] takes it.
    public static String shape(Tensor tensor) {
        return tensor.shape().stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
