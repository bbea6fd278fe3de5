package dev.redoubt.runtime.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.SchemaCheck;
import dev.redoubt.serve.schema.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A value in, the model, a value out. Safe for any thread.
final class OnnxModelRun {
    /* The library's own messages may hold numbers of a request (an index that is out of range), so none is logged or passed
     * on: its code is. Inputs are read where they are; outputs are copied, since the library's memory goes back to its arena
     * when the result is closed. */
    private static final Logger LOG = LoggerFactory.getLogger(OnnxModelRun.class);

    /// Of all outputs of one call, which pass through the Java heap.
    static final long OUTPUT_BYTES_MAX = 64L << 20;

    private static final List<String> SHAPE_WORDS = List.of("broadcast", "dimension", "shape");

    private final OrtEnvironment environment;
    private final OrtSession session;
    private final Schema.Fields input;
    private final Schema.Fields output;
    private final OnnxServant.Setting setting;
    private final boolean sizesOpen; // whether a caller chooses any

    OnnxModelRun(OrtEnvironment environment, OrtSession session, Interface types, OnnxServant.Setting setting) {
        this.environment = environment;
        this.session = session;
        this.input = (Schema.Fields) types.input();
        this.output = (Schema.Fields) types.output();
        this.setting = setting;
        this.sizesOpen = input.fields().stream()
                .anyMatch(field -> ((Schema.Box) field.schema()).shape().contains(-1));
    }

    /// @param requestId for the log
    /// @param options tell it to end
    /// @throws ServeException if the input is refused, or the output is none that may go out
    Payload run(Payload value, String requestId, OrtSession.RunOptions options) throws OrtException {
        JsonNode tree = value.tree();
        SchemaCheck.check(input, tree); // native code trusts types and sizes, so they are looked at right before it
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        List<Tensor> kept = new ArrayList<>(); // the library reads their memory until the run is over
        try {
            for (Schema.Field field : input.fields()) {
                Tensor tensor = Tensor.read((Schema.Box) field.schema(), tree.get(field.name()));
                kept.add(tensor);
                inputs.put(field.name(), given(tensor));
            }
            try (OrtSession.Result result = session.run(inputs, options)) {
                return new Payload.Tree(outputs(result, requestId));
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
            Reference.reachabilityFence(kept);
        }
    }

    private OnnxTensor given(Tensor tensor) throws OrtException {
        return OnnxTensor.createTensor(
                environment, tensor.data().asByteBuffer(), sizes(tensor.shape()), OnnxTypes.of(tensor.dtype()));
    }

    private static long[] sizes(List<Integer> shape) {
        return shape.stream().mapToLong(Integer::longValue).toArray();
    }

    private JsonNode outputs(OrtSession.Result result, String requestId) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        long bytesLeft = OUTPUT_BYTES_MAX;
        for (Schema.Field field : output.fields()) {
            OnnxValue found = result.get(field.name()).orElseThrow();
            var box = (Schema.Box) field.schema();
            Tensor tensor = taken((OnnxTensor) found, box, bytesLeft);
            bytesLeft -= tensor.data().byteSize();
            if (!tensor.fits(box) || !tensor.finite()) throw broken(requestId, field, tensor);
            node.set(field.name(), tensor.node());
        }
        return node;
    }

    private static Tensor taken(OnnxTensor found, Schema.Box box, long bytesLeft) {
        long[] sizes = found.getInfo().getShape();
        long bytes = found.getInfo().getNumElements() * box.dtype().bytes();
        if (bytes > bytesLeft)
            throw ServeException.of(
                    ErrorCode.OUT_OF_RANGE, "the output", "over the limit", "at most " + OUTPUT_BYTES_MAX + " bytes");
        List<Integer> shape = new ArrayList<>();
        for (long size : sizes) shape.add(Math.toIntExact(size));
        return Tensor.of(box.dtype(), shape, MemorySegment.ofBuffer(found.getByteBuffer()));
    }

    private ServeException broken(String requestId, Schema.Field field, Tensor tensor) {
        LOG.error(
                "request {} failed: the output '{}' of {} is {}{}, it must be finite and {}",
                requestId,
                field.name(),
                setting.place(),
                tensor,
                tensor.finite() ? "" : " with NaN or Inf",
                field.schema());
        return ServeException.of(ErrorCode.INTERNAL);
    }

    /// What a caller may see of a run that failed.
    ServeException fault(String requestId, Throwable fault) {
        if (fault instanceof OrtException refused) {
            if (outOfMemory(refused)) {
                LOG.error(
                        "request {} failed: {} needs more memory than the limit of {} bytes for the models of this process",
                        requestId,
                        setting.place(),
                        setting.memoryBytesMax());
                return ServeException.of(ErrorCode.INTERNAL);
            }
            if (doesNotGoTogether(refused)) return ServeException.ofField(ErrorCode.VALUE_REFUSED, "input", "input");
            LOG.error("request {} failed in {}: ONNX Runtime says {}", requestId, setting.place(), refused.getCode());
        } else
            LOG.error(
                    "request {} failed in {}: {}",
                    requestId,
                    setting.place(),
                    fault.getClass().getName());
        return ServeException.of(ErrorCode.INTERNAL);
    }

    /// Only where the model leaves sizes open can a caller be to blame for them. Kernels have no code for it,
    /// but words.
    private boolean doesNotGoTogether(OrtException fault) {
        if (fault.getCode() == OrtException.OrtErrorCode.ORT_INVALID_ARGUMENT) return true;
        String message = String.valueOf(fault.getMessage()).toLowerCase(Locale.ROOT);
        return sizesOpen && SHAPE_WORDS.stream().anyMatch(message::contains);
    }

    private static boolean outOfMemory(OrtException fault) {
        String message = String.valueOf(fault.getMessage());
        return message.contains("Available memory of") || message.contains("Failed to allocate memory");
    }
}
