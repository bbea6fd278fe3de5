package dev.redoubt.trust;

import dev.redoubt.base.StrangerText;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Reads what a graph says of one value: its name, and that it is a tensor of this type and shape.
final class OnnxValue {
    private @Nullable OnnxType type;
    private @Nullable List<Long> dims;
    private final String what;

    private OnnxValue(String what) {
        this.what = what;
    }

    /// @param what it is, for refusals
    /// @param open whether it may be without type and shape, as inside a graph; then it shows as of no
    ///     dimension
    static OnnxModel.Value read(ProtoCursor at, String what, boolean open) {
        var read = new OnnxValue(what);
        String name = "";
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> name = at.once().text("name", OnnxReader.NAME_BYTES_MAX);
                case 2 -> read.type(at.once().message("type of a value"));
                case 3 -> at.once().bytes();
                case 4 -> OnnxReader.metadata(at.message("value metadata"));
                default -> throw at.unknown();
            }
        if (name.isEmpty()) throw Refusals.content("ONNX graph has an %s without a name", what);
        if (!open && read.type == null)
            throw Refusals.content("ONNX %s '%s' has no element type", what, StrangerText.shown(name));
        if (!open && read.dims == null)
            throw Refusals.content(
                    "ONNX %s '%s' has no shape, so nobody knows its size: write it into the model by shape inference",
                    what, StrangerText.shown(name));
        return new OnnxModel.Value(
                name, read.type == null ? OnnxType.FLOAT : read.type, read.dims == null ? List.of() : read.dims);
    }

    private void type(ProtoCursor at) {
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> tensor(at.once().message("tensor type"));
                case 6 -> at.once().bytes(); // what it means to people
                case 4 -> throw other("a sequence");
                case 5 -> throw other("a map");
                case 8 -> throw other("a sparse tensor");
                case 9 -> throw other("an optional value");
                default -> throw at.unknown();
            }
    }

    private ArtifactException other(String found) {
        return Refusals.content(
                "ONNX graph has an %s that is %s, only tensors are read: export the model without it", what, found);
    }

    private void tensor(ProtoCursor at) {
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> {
                    long number = at.once().varint();
                    if (number != 0) type = OnnxType.of(what, number);
                }
                case 2 -> shape(at.once().message("shape"));
                default -> throw at.unknown();
            }
    }

    private void shape(ProtoCursor at) {
        List<Long> sizes = new ArrayList<>();
        for (int field = at.next(); field != 0; field = at.next()) {
            if (field != 1) throw at.unknown();
            if (sizes.size() == OnnxTensor.RANK_MAX)
                throw Refusals.content("ONNX %s has over %d dimensions", what, OnnxTensor.RANK_MAX);
            sizes.add(size(at.message("dimension")));
        }
        dims = sizes;
    }

    /// -1 for a size with a name or none, and for the negative ones that older exporters write.
    private static long size(ProtoCursor at) {
        long size = -1;
        boolean named = false;
        for (int field = at.next(); field != 0; field = at.next())
            switch (field) {
                case 1 -> size = Math.max(-1, at.once().varint());
                case 2 -> {
                    at.once().text("dimension name", OnnxReader.NAME_BYTES_MAX);
                    named = true;
                }
                case 3 -> at.once().bytes();
                default -> throw at.unknown();
            }
        if (named && size != -1) throw Refusals.content("ONNX dimension has both a name and the size %d", size);
        return size;
    }
}
