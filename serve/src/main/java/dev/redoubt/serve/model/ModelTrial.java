package dev.redoubt.serve.model;

import dev.redoubt.base.ErrorCode;
import dev.redoubt.base.ServeException;
import dev.redoubt.serve.replica.Interface;
import dev.redoubt.serve.replica.Payload;
import dev.redoubt.serve.replica.RuntimeRefusal;
import dev.redoubt.serve.schema.DType;
import dev.redoubt.serve.schema.Schema;
import dev.redoubt.serve.schema.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Runs a model once before it takes calls: whether it takes and gives what its deployment declares.
final class ModelTrial implements NativeModel.Ending {
    /* Zeros in a batch of one; ones where that fails, since zero may be what it divides by. Other sizes that are open are as small as
     * possible, and larger where that fails: a convolution wants as many pixels as its kernel has. A model is refused that fails
     * with all of them, and not for sizes that do not go together: of such a one, or where it takes long, nothing is known, and callers are told. What comes of such values may well be no
     * number, so only types, sizes and how many are looked at. */
    private static final int[] OPEN_SIZES = {1, 8, 64, 256};
    private static final long BYTES_MAX = 16L << 20;
    private static final Duration TIME_MAX = Duration.ofSeconds(5); // of a library that can be told to end

    private final NativeModel model;
    private final String place;
    private final List<Schema.Field> inputs;
    private String why = ""; // the last run failed
    private @Nullable Runnable terminate; // guarded by this
    private boolean ended; // guarded by this

    private enum Found {
        AS_DECLARED,
        SIZES_DO_NOT_GO,
        FAILED
    }

    private ModelTrial(NativeModel model, String place, Interface types) {
        this.model = model;
        this.place = place;
        this.inputs = ((Schema.Fields) types.input()).fields();
    }

    /// @param place application and deployment
    /// @param types what is declared: tensors
    /// @throws RuntimeRefusal naming what is declared, and what the model says or gives
    static void run(NativeModel model, String place, Interface types, ScheduledExecutorService timer)
            throws RuntimeRefusal {
        ModelTrial trial = new ModelTrial(model, place, types);
        Future<?> end = timer.schedule(trial::end, TIME_MAX.toMillis(), TimeUnit.MILLISECONDS);
        try {
            trial.run();
        } finally {
            end.cancel(false);
        }
    }

    private void run() throws RuntimeRefusal {
        String refusal = "";
        boolean known = true;
        for (int openSize : OPEN_SIZES) {
            Map<String, Tensor> zeros = all(0, openSize);
            if (zeros.isEmpty()) break;
            Found found = tried(zeros);
            String said = why;
            if (found == Found.FAILED && !ended()) found = tried(all(1, openSize));
            if (found == Found.AS_DECLARED || ended()) return;
            if (found == Found.SIZES_DO_NOT_GO) known = false;
            if (refusal.isEmpty()) refusal = "tried with " + zeros + ": " + said;
        }
        if (known && !refusal.isEmpty())
            throw new RuntimeRefusal(place + " does not take the inputs that are declared, " + refusal);
    }

    private Found tried(Map<String, Tensor> tensors) throws RuntimeRefusal {
        ObjectNode tree = JsonNodeFactory.instance.objectNode();
        tensors.forEach((name, tensor) -> tree.set(name, tensor.node()));
        try {
            Payload ignored = model.run(new Payload.Tree(tree), this);
            return Found.AS_DECLARED;
        } catch (UndeclaredOutput other) {
            throw new RuntimeRefusal(other.getMessage() + ": declare what it gives", other);
        } catch (ServeException looked) { // too much of it, or no numbers
            return Found.AS_DECLARED;
        } catch (Exception fault) {
            ServeException seen = model.fault(fault);
            if (seen.code() == ErrorCode.VALUE_REFUSED) return Found.SIZES_DO_NOT_GO;
            why = seen.code() == ErrorCode.INTERNAL ? LibraryText.of(fault) : seen.getMessage();
            return Found.FAILED;
        }
    }

    /// @return empty if they are more than a trial is worth
    private Map<String, Tensor> all(int value, int openSize) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        long bytesLeft = BYTES_MAX;
        for (Schema.Field input : inputs) {
            Schema.Box box = (Schema.Box) input.schema();
            List<Integer> sizes = new ArrayList<>();
            for (int size : box.shape()) sizes.add(size >= 0 ? size : sizes.isEmpty() ? 1 : openSize);
            long bytes = box.dtype().bytes();
            for (int size : sizes) {
                bytes *= size;
                if (bytes > bytesLeft) return Map.of();
            }
            bytesLeft -= bytes;
            all.put(input.name(), Tensor.written(box.dtype(), sizes, data -> fill(data, box.dtype(), value)));
        }
        return all;
    }

    private static void fill(MemorySegment data, DType dtype, int value) {
        for (long i = 0; i < data.byteSize() / dtype.bytes(); i++)
            switch (dtype) {
                case F32 -> data.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
                case F64 -> data.setAtIndex(ValueLayout.JAVA_DOUBLE, i, value);
                case I32 -> data.setAtIndex(ValueLayout.JAVA_INT, i, value);
                case I64 -> data.setAtIndex(ValueLayout.JAVA_LONG, i, value);
                case U8, I8, BOOL -> data.set(ValueLayout.JAVA_BYTE, i, (byte) value);
            }
    }

    // ---- its end

    @Override
    public synchronized boolean by(Runnable how) {
        if (ended) return false;
        terminate = how;
        return true;
    }

    @Override
    public synchronized void over() {
        terminate = null;
    }

    private synchronized void end() {
        ended = true;
        if (terminate != null) terminate.run();
    }

    private synchronized boolean ended() {
        return ended;
    }
}
