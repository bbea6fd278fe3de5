package bench;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.StreamingHandler;
import java.util.function.Consumer;

/// Answers by a hundred chunks.
@Deployment(name = "Streams", maxOngoingRequests = 100, cpus = 0.8, memoryMiB = 256)
public final class Streams implements StreamingHandler<Noop.In, String> {
    private static final int CHUNKS = 100;

    @Override
    public void handle(Noop.In input, Consumer<String> output) {
        for (int i = 0; i < CHUNKS; i++) output.accept("0123456789");
    }
}
