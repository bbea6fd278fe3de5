package dev.redoubt.serve.schema;

/// How large an image may be on every edge of a graph, from outside and between stages (R5.1). An image is bytes, as
/// of a file, or a tensor of bytes, as of pixels.
public final class ImageLimit {
    /// Ten million, as of a request's body (R1.4).
    public static final int BYTES_MAX = 10_000_000;

    private ImageLimit() {}

    /// Whether a tensor is no image, or one within the limit.
    public static boolean fits(DType dtype, long bytes) {
        return dtype != DType.U8 || bytes <= BYTES_MAX;
    }

    static boolean fits(Tensor tensor) {
        return fits(tensor.dtype(), tensor.data().byteSize());
    }
}
