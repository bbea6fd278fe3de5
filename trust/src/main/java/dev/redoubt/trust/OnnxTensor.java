package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Checks a tensor that is stored in an ONNX file: its size is what its shape says, its data lies in the file
/// and in one field, its numbers are numbers.
final class OnnxTensor {
    /* Data elsewhere is refused, whatever the path: a model is one file with one digest. That also stops a location that
     * ONNX Runtime takes for an address in its own memory. */
    static final int RANK_MAX = 8;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int FLOAT_DATA = 4;
    private static final int INT32_DATA = 5;
    private static final int STRING_DATA = 6;
    private static final int INT64_DATA = 7;
    private static final int RAW_DATA = 9;
    private static final int DOUBLE_DATA = 10;
    private static final int UINT64_DATA = 11;

    private final boolean infinityAllowed;
    private String name = "";
    private @Nullable OnnxType type;
    private final long[] dims = new long[RANK_MAX];
    private int rank;
    private int dataField;
    private @Nullable MemorySegment data;
    private @Nullable ProtoCursor packed;
    private long strings;
    private boolean external;

    private OnnxTensor(boolean infinityAllowed) {
        this.infinityAllowed = infinityAllowed;
    }

    /// @param tensor the message
    /// @param constant whether it is an attribute of a node: masks begin with infinities; a weight has none
    /// @return its name, empty if it has none
    static String check(ProtoCursor tensor, boolean constant) {
        var read = new OnnxTensor(constant);
        read.fields(tensor);
        read.check();
        return read.name;
    }

    private void fields(ProtoCursor at) {
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> dims(at.numbers("dims of a tensor"));
                case 2 -> type = OnnxType.of("tensor", at.once().varint());
                case FLOAT_DATA, DOUBLE_DATA, RAW_DATA -> data(field, at.once().bytes());
                case INT32_DATA, INT64_DATA, UINT64_DATA -> {
                    data(field, MemorySegment.NULL);
                    packed = at.once().message("packed data of a tensor");
                }
                case STRING_DATA -> {
                    if (strings++ == 0) data(field, MemorySegment.NULL);
                    at.bytes();
                }
                case 8 -> name = at.once().text("tensor name", OnnxReader.NAME_BYTES_MAX);
                case 12 -> at.once().bytes(); // words for people
                case 13 -> {
                    at.bytes();
                    external = true;
                }
                case 14 -> external |= at.once().varint() != 0;
                case 16 -> OnnxReader.metadata(at.message("tensor metadata"));
                default -> throw at.unknown();
            }
    }

    private void dims(ProtoCursor values) {
        while (!values.atEnd()) {
            if (rank == RANK_MAX) throw refusal("has over %d dimensions in its shape, which is the limit", RANK_MAX);
            dims[rank++] = values.packed();
        }
    }

    private void data(int field, MemorySegment bytes) {
        if (dataField != 0) throw refusal("has its data twice, in the fields %d and %d", dataField, field);
        dataField = field;
        data = bytes;
    }

    private void check() {
        if (external)
            throw refusal(
                    "has external data, in another file or place: store the model as one file with its weights inside");
        if (type == null) throw refusal("has no element type");
        long elements = elements();
        if (dataField == RAW_DATA) raw(type, elements);
        else if (dataField == 0) counted(elements, 0);
        else typed(type, elements);
    }

    private long elements() {
        long elements = 1;
        for (int i = 0; i < rank; i++) {
            if (dims[i] < 0) throw refusal("has the negative size %d in its shape", dims[i]);
            try {
                elements = Math.multiplyExact(elements, dims[i]);
                Math.multiplyExact(elements, 64L); // in bits
            } catch (ArithmeticException overflow) {
                throw refusal("has a shape of over 2^57 elements: an overflow");
            }
        }
        return elements;
    }

    private void raw(OnnxType of, long elements) {
        MemorySegment bytes = Objects.requireNonNull(data);
        if (of == OnnxType.STRING) throw refusal("is of strings and has raw data");
        long wanted = (elements * of.bits() + 7) / 8;
        if (bytes.byteSize() != wanted)
            throw refusal("has %d bytes of data, by shape and type its size is %d", bytes.byteSize(), wanted);
        values(of, bytes);
    }

    private void typed(OnnxType of, long elements) {
        int wanted = switch (of) {
            case FLOAT -> FLOAT_DATA;
            case DOUBLE -> DOUBLE_DATA;
            case INT64 -> INT64_DATA;
            case UINT32, UINT64 -> UINT64_DATA;
            case STRING -> STRING_DATA;
            case INT32, INT16, INT8, UINT16, UINT8, BOOL, FLOAT16, BFLOAT16 -> INT32_DATA;
            case INT4, UINT4 -> RAW_DATA;
        };
        if (dataField != wanted)
            throw refusal("of type %s has its data in the field %d, it must be %d or raw", of, dataField, wanted);
        if (of == OnnxType.STRING) counted(elements, strings);
        else if (packed != null) counted(elements, numbers(of, packed));
        else raw(of, elements); // little-endian, as raw data is
    }

    private void counted(long elements, long found) {
        if (found != elements) throw refusal("has data of %d elements, by its shape its size is %d", found, elements);
    }

    private long numbers(OnnxType of, ProtoCursor values) {
        long count = 0;
        for (; !values.atEnd(); count++) {
            long value = values.packed();
            boolean within = switch (of) {
                case INT32 -> value == (int) value;
                case INT16 -> value == (short) value;
                case INT8 -> value == (byte) value;
                case UINT32 -> value >>> 32 == 0;
                case UINT16, FLOAT16, BFLOAT16 -> value >>> 16 == 0;
                case UINT8 -> value >>> 8 == 0;
                case BOOL -> value >>> 1 == 0;
                case INT64, UINT64, FLOAT, DOUBLE, STRING, INT4, UINT4 -> true;
            };
            if (!within) throw refusal("of type %s has the value %d at element %d", of, value, count);
            finite(of, value, count);
        }
        return count;
    }

    private void values(OnnxType of, MemorySegment bytes) {
        long size = bytes.byteSize();
        switch (of) {
            case FLOAT -> {
                for (long at = 0; at < size; at += 4) finite(of, bytes.get(INT, at), at / 4);
            }
            case DOUBLE -> {
                for (long at = 0; at < size; at += 8) finite(of, bytes.get(LONG, at), at / 8);
            }
            case FLOAT16, BFLOAT16 -> {
                for (long at = 0; at < size; at += 2) finite(of, bytes.get(SHORT, at), at / 2);
            }
            case BOOL -> {
                for (long at = 0; at < size; at++)
                    if ((bytes.get(ValueLayout.JAVA_BYTE, at) & 0xFE) != 0)
                        throw refusal("of type BOOL has a value at element %d that is neither 0 nor 1", at);
            }
            case UINT8, INT8, UINT16, INT16, INT32, INT64, UINT32, UINT64, STRING, UINT4, INT4 -> {}
        }
    }

    private void finite(OnnxType of, long value, long element) {
        if (of.infinity() == 0) return;
        long magnitude = value & ((1L << of.bits() - 1) - 1);
        if (magnitude > of.infinity() || (magnitude == of.infinity() && !infinityAllowed))
            throw refusal("of type %s has a value that is not finite (NaN or Inf) at element %d", of, element);
    }

    private ArtifactException refusal(String message, Object... args) {
        return Refusals.content("ONNX tensor '%s' %s", StrangerText.shown(name), message.formatted(args));
    }
}
