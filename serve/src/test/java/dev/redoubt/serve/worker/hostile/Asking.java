package dev.redoubt.serve.worker.hostile;

import dev.redoubt.serve.Deployment;
import dev.redoubt.serve.DeploymentHandle;
import dev.redoubt.serve.Handler;
import dev.redoubt.serve.To;

/// Asks another deployment.
@Deployment(name = "Asking", maxOngoingRequests = 8, cpus = 1, memoryMiB = 256)
public final class Asking implements Handler<Asking.Text, Asking.Text> {
    public record Text(String text) {}

    private final DeploymentHandle<Text, Text> other;

    public Asking(@To("Other") DeploymentHandle<Text, Text> other) {
        this.other = other;
    }

    @Override
    public Text handle(Text input) {
        return other.call(input).get();
    }
}
