package dev.redoubt.serve.schema;

import dev.redoubt.base.Check;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.POJONode;

/// Numbers of one type in a row-major box, little-endian, outside of the Java heap. It never changes, so stages
/// of one process hand it on without a copy. Safe for any thread.
///
/// In plain data it is a node of its own ([#node]); in JSON it is arrays inside arrays.
public final class Tensor {
    /* Memory: of an automatic arena, always. A stage cannot know who else still reads what it was given (an
     * upstream's cache, two branches of a graph, a batch whose caller left), so nobody may free it by hand; it goes
     * when nobody can reach it. The JDK counts such memory against -XX:MaxDirectMemorySize and collects garbage before
     * it refuses, so tensors that are dropped fast do not grow the process without bound. */

    /// More would not come in over any edge, nor fit into one application's default memory.
    public static final long BYTES_MAX = 1L << 30;

    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfDouble F64 =
            ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long ALIGNMENT = 64;

    private final DType dtype;
    private final List<Integer> shape;
    private final long count;
    private final MemorySegment data; // read-only
    private volatile Finite finite = Finite.UNKNOWN; // any thread may find it out; all find the same

    private enum Finite {
        UNKNOWN,
        YES,
        NO
    }

    private Tensor(DType dtype, List<Integer> shape, MemorySegment data) {
        this.dtype = dtype;
        this.shape = shape;
        this.count = data.byteSize() / dtype.bytes();
        this.data = data.asReadOnly();
    }

    /// Makes one of what `writer` writes.
    ///
    /// @param writer is given all bytes, zero at first, and must not keep them
    /// @throws IllegalArgumentException if the shape is none, or over [#BYTES_MAX]
    public static Tensor written(DType dtype, List<Integer> shape, Consumer<MemorySegment> writer) {
        List<Integer> sizes = List.copyOf(shape);
        MemorySegment data = Arena.ofAuto().allocate(bytes(dtype, sizes), ALIGNMENT);
        writer.accept(data);
        return new Tensor(dtype, sizes, data);
    }

    /// Copies.
    ///
    /// @param elements little-endian, as many bytes as dtype and shape say
    public static Tensor of(DType dtype, List<Integer> shape, MemorySegment elements) {
        long bytes = bytes(dtype, shape);
        Check.that(
                elements.byteSize() == bytes,
                "a tensor %s%s has %s bytes, not %s",
                dtype,
                shape,
                bytes,
                elements.byteSize());
        return written(dtype, shape, data -> data.copyFrom(elements));
    }

    /// Copies into a tensor of [DType#F32].
    public static Tensor of(List<Integer> shape, float... elements) {
        Check.that(
                bytes(DType.F32, shape) == 4L * elements.length,
                "a tensor %s does not have %s elements",
                shape,
                elements.length);
        return written(DType.F32, shape, data -> MemorySegment.copy(elements, 0, data, F32, 0, elements.length));
    }

    /// What a tensor takes.
    ///
    /// @throws IllegalArgumentException if the shape is none, or over [#BYTES_MAX]
    public static long bytes(DType dtype, List<Integer> shape) {
        Check.inRange("rank", shape.size(), 0, Schema.Box.RANK_MAX);
        long bytes = dtype.bytes();
        for (int size : shape) {
            Check.inRange("size", size, 0, Integer.MAX_VALUE);
            bytes *= size; // at most 2^30 times 2^31
            Check.inRange("tensor bytes", bytes, 0, BYTES_MAX);
        }
        return bytes;
    }

    public DType dtype() {
        return dtype;
    }

    /// Sizes, outermost first.
    public List<Integer> shape() {
        return shape;
    }

    /// Of elements.
    public long count() {
        return count;
    }

    /// All elements; read-only.
    public MemorySegment data() {
        return data;
    }

    /// @param index row-major
    /// @throws IllegalStateException unless it is [DType#F32]
    public float floatAt(long index) {
        if (dtype != DType.F32) throw new IllegalStateException("a tensor of F32 has floats, this is " + this);
        return data.getAtIndex(F32, index);
    }

    /// An element of any type; those over 2^53 are rounded, true is 1.
    public double doubleAt(long index) {
        return switch (dtype) {
            case F32 -> data.getAtIndex(F32, index);
            case F64 -> data.getAtIndex(F64, index);
            case I32, I64, U8, I8, BOOL -> longAt(index);
        };
    }

    /// A whole number, or 1 for true.
    ///
    /// @throws IllegalStateException if it is [DType#F32] or [DType#F64]
    public long longAt(long index) {
        return switch (dtype) {
            case I32 -> data.getAtIndex(I32, index);
            case I64 -> data.getAtIndex(I64, index);
            case U8, BOOL -> data.get(ValueLayout.JAVA_BYTE, index) & 0xFF;
            case I8 -> data.get(ValueLayout.JAVA_BYTE, index);
            case F32, F64 -> throw new IllegalStateException("a tensor of whole numbers is meant, this is " + this);
        };
    }

    /// A copy on the heap.
    ///
    /// @throws IllegalStateException unless it is [DType#F32]
    public float[] floats() {
        if (dtype != DType.F32) throw new IllegalStateException("a tensor of F32 has floats, this is " + this);
        return data.toArray(F32);
    }

    /// Whether no element is NaN or infinite, and each of [DType#BOOL] is 0 or 1. Looks once.
    public boolean finite() {
        if (finite == Finite.UNKNOWN) finite = look() ? Finite.YES : Finite.NO;
        return finite == Finite.YES;
    }

    private boolean look() {
        switch (dtype) {
            case F32 -> {
                for (long i = 0; i < count; i++) if (!Float.isFinite(data.getAtIndex(F32, i))) return false;
            }
            case F64 -> {
                for (long i = 0; i < count; i++) if (!Double.isFinite(data.getAtIndex(F64, i))) return false;
            }
            case BOOL -> {
                for (long i = 0; i < count; i++) if ((data.get(ValueLayout.JAVA_BYTE, i) & ~1) != 0) return false;
            }
            case I32, I64, U8, I8 -> {}
        }
        return true;
    }

    /// Whether dtype and shape are as `box` says.
    public boolean fits(Schema.Box box) {
        return dtype == box.dtype() && fits(shape, box.shape());
    }

    static boolean fits(List<Integer> sizes, List<Integer> wanted) {
        if (sizes.size() != wanted.size()) return false;
        for (int i = 0; i < sizes.size(); i++)
            if (wanted.get(i) != -1 && !wanted.get(i).equals(sizes.get(i))) return false;
        return true;
    }

    /// This in a tree of plain data.
    public JsonNode node() {
        return JsonNodeFactory.instance.pojoNode(this);
    }

    /// Whether a tree has a tensor here; then [#of(JsonNode)] is it.
    public static boolean is(JsonNode node) {
        return node instanceof POJONode pojo && pojo.getPojo() instanceof Tensor;
    }

    /// @throws IllegalArgumentException unless [#is]
    public static Tensor of(JsonNode node) {
        if (node instanceof POJONode pojo && pojo.getPojo() instanceof Tensor tensor) return tensor;
        throw new IllegalArgumentException("no tensor: " + node.getNodeType());
    }

    /// Of plain data: a tensor as it is, arrays inside arrays as a new one.
    ///
    /// @param node passed [SchemaCheck#check] with `box`
    public static Tensor read(Schema.Box box, JsonNode node) {
        return is(node) ? of(node) : TensorArrays.read(box, node);
    }

    /// Same type, shape and bytes.
    @Override
    public boolean equals(Object other) {
        return other instanceof Tensor tensor
                && dtype == tensor.dtype
                && shape.equals(tensor.shape)
                && data.mismatch(tensor.data) == -1;
    }

    @Override
    public int hashCode() {
        int hash = 31 * dtype.hashCode() + shape.hashCode();
        for (long i = 0; i < Math.min(16, data.byteSize()); i++) hash = 31 * hash + data.get(ValueLayout.JAVA_BYTE, i);
        return hash;
    }

    /// Type and shape: never an element.
    @Override
    public String toString() {
        return dtype + shape.toString();
    }
}
