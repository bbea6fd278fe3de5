package soak;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.Handler;

/// What [Echo] takes, and never starts.
@Deployment(name = "Echo", maxOngoingRequests = 16, cpus = 0.2, memoryMiB = 128)
public final class Broken implements Handler<Echo.In, Echo.In> {
    public Broken() {
        throw new IllegalStateException("as built");
    }

    @Override
    public Echo.In handle(Echo.In input) {
        return input;
    }
}
