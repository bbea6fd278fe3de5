package dev.redoubt.serve.model;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.SchemaCheck;
import dev.redoubt.serve.schema.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.SequencedMap;
import java.util.function.Supplier;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What goes into a model and comes out of it: tensors by name, each looked at on both ways. Safe
/// for any thread.
public final class ModelTensors {
    /// Of all outputs of one call, which pass through the Java heap.
    public static final long OUTPUT_BYTES_MAX = 64L << 20;

    private static final List<String> SIZE_WORDS = List.of("broadcast", "dimension", "shape", "size");

    private final String place; // application and deployment, for the server's log
    private final Schema.Fields input;
    private final Schema.Fields output;
    private final boolean sizesOpen; // whether a caller chooses any

    /// @param types fields of tensors on both sides
    public ModelTensors(String place, Interface types) {
        this.place = place;
        this.input = (Schema.Fields) types.input();
        this.output = (Schema.Fields) types.output();
        this.sizesOpen =
                input.fields().stream().anyMatch(field -> box(field).shape().contains(-1));
    }

    private static Schema.Box box(Schema.Field field) {
        return (Schema.Box) field.schema();
    }

    /// By name, in the model's order. Native code trusts types and sizes, so they are looked at
    /// right before it.
    ///
    /// @throws ServeException if the value is not what the model takes
    public SequencedMap<String, Tensor> inputs(Payload value) {
        JsonNode tree = value.tree();
        SchemaCheck.check(input, tree);
        SequencedMap<String, Tensor> inputs = new LinkedHashMap<>();
        for (Schema.Field field : input.fields())
            inputs.put(field.name(), Tensor.read(box(field), tree.get(field.name())));
        return inputs;
    }

    /// One output as a library has it.
    ///
    /// @param sizes outermost first
    /// @param elements row-major, little-endian; asked for once, if they are not too many
    public record Made(DType dtype, long[] sizes, Supplier<MemorySegment> elements) {}

    /// Copies what was made.
    ///
    /// @param made in the order of the model's outputs
    /// @throws UndeclaredOutput if it is not what was declared
    /// @throws ServeException if there is too much of it, or it is not finite
    public Payload outputs(List<Made> made) {
        if (made.size() != output.fields().size())
            throw new UndeclaredOutput(place + " has made " + made.size() + " outputs, declared are "
                    + output.fields().size());
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        long bytesLeft = OUTPUT_BYTES_MAX;
        for (int i = 0; i < made.size(); i++) {
            Schema.Field field = output.fields().get(i);
            Tensor tensor = copy(made.get(i), bytesLeft);
            bytesLeft -= tensor.data().byteSize();
            Schema.Box declared = box(field);
            if (!tensor.fits(declared))
                throw new UndeclaredOutput(place + " has made an output '" + field.name() + "' of " + tensor
                        + ", declared is " + declared.dtype() + declared.shape());
            if (!tensor.finite())
                throw ServeException.because(place + " has made an output '" + field.name() + "' of " + tensor
                        + " with NaN or Inf, it must be finite");
            node.set(field.name(), tensor.node());
        }
        return new Payload.Tree(node);
    }

    private static Tensor copy(Made made, long bytesLeft) {
        long bytes = made.dtype().bytes();
        List<Integer> shape = new ArrayList<>();
        for (long size : made.sizes()) {
            bytes = size == 0 || bytes <= Long.MAX_VALUE / size ? bytes * size : Long.MAX_VALUE;
            shape.add((int) Math.min(size, Integer.MAX_VALUE));
        }
        if (bytes > bytesLeft)
            throw ServeException.of(
                    ErrorCode.OUT_OF_RANGE, "the output", "over the limit", "at most " + OUTPUT_BYTES_MAX + " bytes");
        return Tensor.of(made.dtype(), shape, made.elements().get());
    }

    /// Whether a library speaks of sizes that do not go together, of a model that leaves sizes open: only there
    /// can a caller be to blame for them. Libraries have words for it and no code.
    ///
    /// @param message of the library; it is read and never passed on
    public boolean blamesCaller(String message) {
        String words = message.toLowerCase(Locale.ROOT);
        return sizesOpen && SIZE_WORDS.stream().anyMatch(words::contains);
    }
}
