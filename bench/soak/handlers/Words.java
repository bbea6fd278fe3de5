package soak;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.StreamingHandler;
import java.util.function.Consumer;

/// As many words as are asked for.
@Deployment(name = "Words", maxOngoingRequests = 16, cpus = 0.2, memoryMiB = 128)
public final class Words implements StreamingHandler<Words.In, String> {
    public record In(int count) {}

    @Override
    public void handle(In input, Consumer<String> output) {
        for (int i = 0; i < input.count(); i++) output.accept("word " + i);
    }
}
