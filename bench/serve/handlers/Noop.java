package bench;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.Handler;
import java.util.UUID;

/// Answers at once by what tells one replica from another.
@Deployment(name = "Noop", maxOngoingRequests = 100, cpus = 0.8, memoryMiB = 256)
public final class Noop implements Handler<Noop.In, String> {
    public record In(int x) {}

    private final String replica = UUID.randomUUID().toString();

    @Override
    public String handle(In input) {
        return input.x == 0 ? replica : "ok";
    }
}
