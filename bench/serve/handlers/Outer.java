package bench;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.To;

/// Asks another deployment and answers by its answer.
@Deployment(name = "Outer", maxOngoingRequests = 100, cpus = 0.8, memoryMiB = 256)
public final class Outer implements Handler<Noop.In, String> {
    private final DeploymentHandle<Noop.In, String> inner;

    public Outer(@To("Noop") DeploymentHandle<Noop.In, String> inner) {
        this.inner = inner;
    }

    @Override
    public String handle(Noop.In input) {
        return inner.call(input).get();
    }
}
