package dev.redoubt.runtime.onnx;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.model.ModelTensors;
import dev.redoubt.serve.model.NativeModel;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/// A value in, the model, a value out. Safe for any thread.
final class OnnxModelRun implements NativeModel {
    /* The library's own messages may hold numbers of a request (an index that is out of range), so none is passed on to the
     * server's log: its code is. Inputs are read where they are; outputs are copied, since the library's memory goes back to its arena
     * when the result is closed. */
    private final OrtEnvironment environment;
    private final OrtSession session;
    private final ModelTensors tensors;
    private final Schema.Fields output;
    private final String place;
    private final long memoryBytesMax;
    private final ReadWriteLock beside = new ReentrantReadWriteLock(true); // runs that share the arena; written: alone

    /// @param place application and deployment
    OnnxModelRun(OrtEnvironment environment, OrtSession session, Interface types, String place, long memoryBytesMax) {
        this.environment = environment;
        this.session = session;
        this.tensors = new ModelTensors(place, types);
        this.output = (Schema.Fields) types.output();
        this.place = place;
        this.memoryBytesMax = memoryBytesMax;
    }

    @Override
    public Payload run(Payload value, Ending ending) throws OrtException {
        Map<String, Tensor> given = tensors.inputs(value);
        beside.readLock().lock();
        try {
            return run(given, ending);
        } catch (OrtException e) {
            if (!outOfMemory(e)) throw e;
        } finally {
            beside.readLock().unlock();
        }
        beside.writeLock().lock(); // others may have had what it needs: once more, without them
        try {
            return run(given, ending);
        } finally {
            beside.writeLock().unlock();
        }
    }

    /// @param given whose memory the library reads until the run is over
    private Payload run(Map<String, Tensor> given, Ending ending) throws OrtException {
        Map<String, OnnxTensor> inputs = new LinkedHashMap<>();
        try (OrtSession.RunOptions options = new OrtSession.RunOptions()) {
            for (Map.Entry<String, Tensor> one : given.entrySet()) inputs.put(one.getKey(), given(one.getValue()));
            if (!ending.by(() -> terminate(options))) throw ServeException.of(ErrorCode.CANCELLED);
            try (OrtSession.Result result = session.run(inputs, options)) {
                return tensors.outputs(made(result));
            } finally {
                ending.over(); // before the options are closed
            }
        } finally {
            inputs.values().forEach(OnnxTensor::close);
            Reference.reachabilityFence(given);
        }
    }

    private static void terminate(OrtSession.RunOptions options) {
        try {
            options.setTerminate(true);
        } catch (OrtException e) {
            throw new IllegalStateException("a run that cannot be told to end: " + e.getCode(), e);
        }
    }

    private OnnxTensor given(Tensor tensor) throws OrtException {
        long[] sizes = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
        return OnnxTensor.createTensor(environment, tensor.data().asByteBuffer(), sizes, OnnxTypes.of(tensor.dtype()));
    }

    private List<ModelTensors.Made> made(OrtSession.Result result) {
        List<ModelTensors.Made> made = new ArrayList<>();
        for (Schema.Field field : output.fields()) {
            OnnxTensor found = (OnnxTensor) result.get(field.name()).orElseThrow();
            made.add(new ModelTensors.Made(
                    ((Schema.Box) field.schema()).dtype(),
                    found.getInfo().getShape(),
                    () -> MemorySegment.ofBuffer(found.getByteBuffer())));
        }
        return made;
    }

    @Override
    public ServeException fault(Throwable fault) {
        if (!(fault instanceof OrtException refused)) return ServeException.internal(fault);
        if (outOfMemory(refused)) return ServeException.of(ErrorCode.RUN_TOO_LARGE, memoryBytesMax);
        if (doesNotGoTogether(refused)) return ServeException.ofField(ErrorCode.VALUE_REFUSED, "input", "input");
        return ServeException.because(
                place + " has not run to its end, ONNX Runtime gives the code " + refused.getCode());
    }

    private boolean doesNotGoTogether(OrtException fault) {
        return fault.getCode() == OrtException.OrtErrorCode.ORT_INVALID_ARGUMENT
                || tensors.blamesCaller(String.valueOf(fault.getMessage()));
    }

    private static boolean outOfMemory(OrtException fault) {
        String message = String.valueOf(fault.getMessage());
        return message.contains("Available memory of") || message.contains("Failed to allocate memory");
    }

    @Override
    public void close() {
        try {
            session.close();
        } catch (OrtException e) {
            throw new IllegalStateException("the session of " + place + " does not close: " + e.getCode(), e);
        }
    }
}
