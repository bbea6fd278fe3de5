package dev.redoubt.runtime.torch;

import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.pytorch.engine.PtSymbolBlock;
import ai.djl.training.ParameterStore;
import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.model.LibraryText;
import dev.redoubt.serve.model.ModelTensors;
import dev.redoubt.serve.model.NativeModel;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.schema.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.SequencedMap;

/// A value in, `forward`, a value out. Safe for any thread.
final class TorchModel implements NativeModel {
    /* libtorch has nothing that ends a run: one that goes on behind its deadline makes the replica sick, and its process is
     * ended. Inputs are read where they are; a model that writes into them writes into this call's copy. The library's
     * messages hold sizes and sometimes values of a request, so none goes into a log or to a caller. */
    private final NDManager manager;
    private final PtSymbolBlock module;
    private final ModelTensors tensors;

    TorchModel(NDManager manager, PtSymbolBlock module, String place, Interface types) {
        this.manager = manager;
        this.module = module;
        this.tensors = new ModelTensors(place, types);
    }

    @Override
    public Payload run(Payload value, Ending ending) {
        SequencedMap<String, Tensor> inputs = tensors.inputs(value);
        try (NDManager call = manager.newSubManager()) {
            NDList given = new NDList();
            for (Tensor tensor : inputs.sequencedValues()) given.add(given(call, tensor));
            NDList made = module.forward(new ParameterStore(call, false), given, false);
            List<ModelTensors.Made> outputs = new ArrayList<>();
            for (NDArray one : made) outputs.add(made(one));
            return tensors.outputs(outputs);
        } finally {
            Reference.reachabilityFence(inputs);
        }
    }

    private static NDArray given(NDManager call, Tensor tensor) {
        long[] sizes = tensor.shape().stream().mapToLong(Integer::longValue).toArray();
        return call.create(
                tensor.data().asByteBuffer().order(ByteOrder.nativeOrder()),
                new Shape(sizes),
                TorchTypes.of(tensor.dtype()));
    }

    private static ModelTensors.Made made(NDArray array) {
        return new ModelTensors.Made(
                TorchTypes.of(array.getDataType()),
                array.getShape().getShape(),
                () -> MemorySegment.ofBuffer(array.toByteBuffer()));
    }

    @Override
    public ServeException fault(Throwable fault) {
        if (fault instanceof EngineException && tensors.blamesCaller(LibraryText.of(fault)))
            return ServeException.ofField(ErrorCode.VALUE_REFUSED, "input", "input");
        return ServeException.internal(fault); // where it was is for the server's log
    }

    @Override
    public void close() {
        module.close();
        manager.close();
    }
}
