package dev.redoubt.serve.worker.hostile;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.StreamingHandler;
import java.util.function.Consumer;

/// Counts.
@Deployment(name = "Counting", maxOngoingRequests = 8, cpus = 1, memoryMiB = 256)
public final class Counting implements StreamingHandler<Counting.Until, Counting.Count> {
    public record Until(int end) {}

    public record Count(int value) {}

    @Override
    public void handle(Until until, Consumer<Count> out) {
        for (int i = 0; i < until.end(); i++) out.accept(new Count(i));
    }
}
