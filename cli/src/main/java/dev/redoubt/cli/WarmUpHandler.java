package dev.redoubt.cli;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.Handler;

/// Gives back what it gets, in the worker process of [WarmUpCommand].
@Deployment(name = "WarmUp", maxOngoingRequests = 4, cpus = 0.5, memoryMiB = 512)
public final class WarmUpHandler implements Handler<WarmUpHandler.Text, WarmUpHandler.Text> {
    public record Text(String text) {}

    @Override
    public Text handle(Text input) {
        return input;
    }
}
